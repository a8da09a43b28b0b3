"""What would make a batch job fail, found before anything is made."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from modelpack.errors import DeployError

if TYPE_CHECKING:
    from modelpack.deployments.records import BatchRequest
    from modelpack_deploy_azureml.options import AzureMLOptions

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_CSV = "text/csv"


def check(request: BatchRequest[AzureMLOptions]) -> None:
    """Refuse what Azure would refuse.

    Raises:
        DeployError: The name, the cluster, a place or a media type cannot be (`rejected`).
    """
    if _NAME.fullmatch(request.name) is None:
        raise _rejected(f"{request.name!r} cannot be the name of a job in Azure", "use letters, digits, - and _")
    if request.options.batch_compute is None:
        raise _rejected("no cluster was named for the batch job", "name a compute cluster with -o batch_compute=NAME")
    if request.accept not in {None, _CSV}:
        raise _rejected(f"predictions cannot be written as {request.accept}", f"Azure appends lines; ask for {_CSV}")
    for place in (request.input, request.output):
        if "://" not in place and not place.startswith("azureml:"):
            raise _rejected(
                f"{place!r} is no place that Azure knows",
                "write azureml://datastores/NAME/paths/PATH; a folder ends with /",
            )


def _rejected(message: str, hint: str) -> DeployError:
    return DeployError(message, code="rejected", hint=hint)
