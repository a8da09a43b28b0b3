"""From what a caller says to what a target is asked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from modelpack.deployments.records import DeployRequest
from modelpack.errors import InvalidArgumentError
from modelpack.package.load import open_model

if TYPE_CHECKING:
    import os

    from modelpack.interfaces import PluginOptions

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


def deploy_request(model: str | os.PathLike[str], name: str, options: PluginOptions) -> DeployRequest[PluginOptions]:
    """Fetch and verify the model; nothing of it is imported.

    Raises:
        InvalidArgumentError: No deployment can have that name.
        NotFoundError: There is no such model.
        IntegrityError: A file of it was added, removed or changed since it was saved.
        InvalidModelError: `MLmodel` or a path in it is malformed.
    """
    stored = open_model(model)
    return DeployRequest(name=checked_name(name), model_path=stored.path, digest=stored.digest, options=options)


def checked_name(name: str) -> str:
    """The name, if a deployment can have it; a target may ask for more.

    Raises:
        InvalidArgumentError: It is empty, too long, begins with a sign, or has characters that paths and URLs use.
    """
    if _NAME.fullmatch(name) is None:
        raise InvalidArgumentError(
            f"{name!r} cannot be the name of a deployment",
            hint="use at most 63 letters, digits, - _ and ., beginning with a letter or a digit",
        )
    return name
