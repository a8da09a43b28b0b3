"""What a served model is called in URLs and metadata."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from modelpack.errors import InvalidArgumentError

if TYPE_CHECKING:
    from modelpack.pyfunc.model import PyFuncModel
    from modelpack.serving.settings import ServerSettings

VERSION = "1"
"""The only version of a model that a server has."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")


def model_name(model: PyFuncModel, settings: ServerSettings) -> str:
    """The name that was chosen for a model, else its directory's, with what needs quoting in a URL replaced.

    Raises:
        InvalidArgumentError: The chosen name cannot stand in a URL as it is.
    """
    if settings.model_name is None:
        return _UNSAFE.sub("_", model.path.name).strip("._-")[:128] or "model"
    if _NAME.fullmatch(settings.model_name) is None:
        raise InvalidArgumentError(
            f"{settings.model_name!r} cannot be a model's name",
            hint="up to 128 letters of A-Z and a-z, digits, _, . and -, beginning with none of the last two",
        )
    return settings.model_name
