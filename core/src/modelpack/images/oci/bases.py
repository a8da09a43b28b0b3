"""Whether a base image can carry a model: its Python, and the Debian packages that the model expects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelpack.errors import InvalidArgumentError
from modelpack.images.oci.base_facts import base_facts, environment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelpack.images.oci.blobs import BlobStore
    from modelpack.images.oci.images import Image

_STATED = "PYTHON_VERSION"
"""What Docker's official images of Python say about themselves."""


def find_python(base: Image, version: str, name: str, cache: BlobStore) -> str:
    """How the interpreter of a base image is called.

    Args:
        base: The image.
        version: The version that is needed, such as `3.11`.
        name: What to call the image in errors.
        cache: Where layers are kept.

    Returns:
        `python`, or the path of an interpreter that does not go by that name.

    Raises:
        InvalidArgumentError: It has another Python or none.
    """
    stated = environment(base.config).get(_STATED)
    if stated is not None:
        if f"{stated}.".startswith(f"{version}."):
            return "python"
        raise _unfit(f"{name} has Python {stated}, and the model needs {version}", version)
    facts = base_facts(base, cache)
    found = facts.program(f"python{version}", base.config)
    if found is None:
        raise _unfit(f"{name} has no python{version} on its PATH", version)
    return "python" if facts.program("python", base.config) else found


def require_packages(base: Image, packages: Sequence[str], name: str, cache: BlobStore) -> None:
    """Check that a base image has Debian packages, which nothing here can install.

    Raises:
        InvalidArgumentError: It lacks some.
    """
    if not packages:
        return
    missing = [package for package in packages if package not in base_facts(base, cache).packages]
    if missing:
        raise InvalidArgumentError(
            f"{name} lacks the Debian packages {', '.join(missing)}, which cannot be installed without an engine",
            hint="give a --base that has them, or build with an engine",
        )


def _unfit(message: str, version: str) -> InvalidArgumentError:
    return InvalidArgumentError(message, hint=f"give a --base with Python {version}, such as python:{version}-slim")
