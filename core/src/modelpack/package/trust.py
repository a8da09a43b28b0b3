"""Trust: which models may run code when they are loaded. Only the caller decides; what a model says has no effect.

Code runs when a pickle is read, when the model's own modules are imported, and in a few other formats. Each such load
passes `authorize`, the one choke point, before anything of the model is imported.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import stat
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from modelpack.errors import InvalidArgumentError, ModelpackWarning, TrustError
from modelpack.stores.directories import data_directory

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

VARIABLE = "MODELPACK_TRUST"
Trust: TypeAlias = "bool | str | os.PathLike[str] | Sequence[str | os.PathLike[str]]"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class TrustedModel:
    """An entry of a trust store.

    Attributes:
        digest: What is trusted.
        path: Where the model stood when it was added.
        added: When that was, in ISO 8601.
    """

    digest: str
    path: str
    added: str


class TrustStore:
    """The digests that a user trusts, one small file each, in a directory that only the user can write to."""

    def __init__(self, root: Path) -> None:
        """Use the directory `root`; it is made when the first digest is added."""
        self.root = root

    def __contains__(self, digest: str) -> bool:
        return _DIGEST.fullmatch(digest) is not None and self._file(digest).is_file() and self._is_private()

    def add(self, digest: str, path: Path) -> None:
        """Trust a digest.

        Args:
            digest: `sha256:` and 64 hexadecimal digits.
            path: Where the model stands now, to be shown by `entries`.

        Raises:
            InvalidArgumentError: The digest has another form.
            OSError: The store cannot be written.
        """
        file = self._file(checked_digest(digest))
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        text = json.dumps({"path": str(path), "added": datetime.now(UTC).isoformat(timespec="seconds")})
        descriptor, temporary = tempfile.mkstemp(dir=self.root, prefix=".")
        with open(descriptor, "w", encoding="utf-8") as output:  # noqa: PTH123 - a descriptor, not a path
            output.write(text)
        Path(temporary).replace(file)

    def discard(self, digest: str) -> bool:
        """Trust a digest no longer; answers whether it was trusted."""
        file = self._file(checked_digest(digest))
        known = file.is_file()
        file.unlink(missing_ok=True)
        return known

    def entries(self) -> list[TrustedModel]:
        """What is trusted, oldest first."""
        found = (self._entry(file) for file in self.root.glob("sha256-*")) if self.root.is_dir() else ()
        return sorted(found, key=lambda entry: (entry.added, entry.digest))

    def _entry(self, file: Path) -> TrustedModel:
        content = json.loads(file.read_text(encoding="utf-8"))
        return TrustedModel(file.name.replace("-", ":", 1), content["path"], content["added"])

    def _file(self, digest: str) -> Path:
        return self.root / digest.replace(":", "-", 1)

    def _is_private(self) -> bool:
        """A store that others can write to would let them decide what the user trusts."""
        private = os.name == "nt" or not self.root.stat().st_mode & _WRITABLE_BY_OTHERS
        if not private:
            warnings.warn(
                f"the trust store {self.root} is not used, because other users can write to it: chmod 700 it",
                ModelpackWarning,
                stacklevel=2,
            )
        return private


def default_store(environ: Mapping[str, str] | None = None) -> TrustStore:
    """The user's own store, in the platform's user data directory or under `MODELPACK_HOME`."""
    return TrustStore(data_directory(os.environ if environ is None else environ) / "trust")


def checked_digest(text: str) -> str:
    """A digest in its canonical form.

    Raises:
        InvalidArgumentError: It is not `sha256:` and 64 hexadecimal digits.
    """
    digest = text.strip().lower()
    if _DIGEST.fullmatch(digest) is None:
        raise InvalidArgumentError(
            f"{text!r} is not the digest of a model",
            hint="a digest is sha256: and 64 hexadecimal digits, as `modelpack verify MODEL` prints it",
        )
    return digest


def authorize(
    digest: str, path: Path, reasons: Iterable[str], trust: Trust | None = None, store: TrustStore | None = None
) -> None:
    """Let a model run code, or refuse.

    Args:
        digest: The verified digest; empty when the model was not verified, and then no digest matches.
        path: The model directory.
        reasons: Why loading would run code, in words that a user can judge by; none means that none would run.
        trust: What the caller trusts: True (any model) or False (none), a digest, a directory with models, or several
            of those. None leaves it to the user's store and the variable `MODELPACK_TRUST` (digests, comma-separated).
        store: The user's store; by default the one of `default_store`.

    Raises:
        TrustError: There are reasons, and the model is not trusted.
        InvalidArgumentError: `trust` or the variable holds something else.
    """
    reasons = list(reasons)
    if not reasons or _is_trusted(digest, path, trust, store):
        return
    raise TrustError(
        f"loading the model in {path} would run code from it ({'; '.join(reasons)}), and it is not trusted",
        hint=f"if you know where it comes from, allow it with `modelpack trust {shlex.quote(str(path))}`, "
        f'or for this call with trust="{digest or "sha256:…"}" or trust=True',
    )


def trust_own(digest: str, path: Path, store: TrustStore | None = None) -> None:
    """Add a model that the user has just saved to the user's store; a store that cannot be written is a warning."""
    try:
        (default_store() if store is None else store).add(digest, path)
    except (OSError, InvalidArgumentError) as error:
        warnings.warn(
            f"the saved model could not be added to your trust store ({error}); "
            f'where loading it runs code, give trust="{digest}"',
            ModelpackWarning,
            stacklevel=2,
        )


def _is_trusted(digest: str, path: Path, trust: Trust | None, store: TrustStore | None) -> bool:
    if isinstance(trust, bool):
        return trust
    if trust is None:
        return digest in _from_environment() or digest in (default_store() if store is None else store)
    several = trust if isinstance(trust, Sequence) and not isinstance(trust, str) else (trust,)
    answers = [_covers(item, digest, path) for item in several]  # all of them, so that each is checked for its form
    return any(answers)


def _from_environment() -> list[str]:
    return [checked_digest(item) for item in re.split(r"[,\s]+", os.environ.get(VARIABLE, "")) if item]


def _covers(item: object, digest: str, path: Path) -> bool:
    if isinstance(item, str) and item.lower().startswith("sha256:"):
        return checked_digest(item) == digest
    if not isinstance(item, (str, os.PathLike)):
        raise InvalidArgumentError(f"trust={item!r} is neither a digest, nor a directory, nor True or False")
    directory = Path(item)
    if not directory.is_dir():
        raise InvalidArgumentError(
            f"trust names {str(item)!r}, which is neither a digest (sha256:…) nor an existing directory"
        )
    return path.resolve().is_relative_to(directory.resolve())
