"""The port that a container's server listens on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelpack.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT = 8080
_ORDER = ("MODELPACK_PORT", "SAGEMAKER_BIND_TO_PORT", "PORT")


def listening_port(environ: Mapping[str, str]) -> int:
    """What the first of `MODELPACK_PORT`, `SAGEMAKER_BIND_TO_PORT` and `PORT` says that is set; else 8080.

    Kubernetes sets `MODELPACK_PORT` to an address for a service called `modelpack`; that is passed over.

    Raises:
        InvalidArgumentError: It is no number.
    """
    for name in _ORDER:
        text = environ.get(name, "")
        if text and "://" not in text:
            if not text.isdecimal():
                raise InvalidArgumentError(f"the variable {name} is {text!r}, which is no port")
            return int(text)
    return DEFAULT
