"""The second road: Azure's own image, with a generated `score.py` and the model's environment."""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import TYPE_CHECKING, Any

from modelpack import __version__
from modelpack_deploy_azureml import naming
from modelpack_deploy_azureml.faults import in_words

if TYPE_CHECKING:
    from modelpack_deploy_azureml.documents import Request
    from modelpack_deploy_azureml.workspace import Workspace

NAME = "modelpack-score"
"""The name of the code asset. There is one for all deployments, since the script is the same for all models."""

INFERENCE_SERVER = "azureml-inference-server-http"


def score_script() -> str:
    """The text of `score.py`."""
    return resources.files("modelpack_deploy_azureml").joinpath("scoring", "score.py").read_text(encoding="utf-8")


def register_code(workspace: Workspace, request: Request) -> str:
    """Upload the script, unless that has been done; answers the id of the code asset."""
    text = score_script().encode()
    path = workspace.asset("codes", NAME, hashlib.sha256(text).hexdigest()[:16])
    if workspace.arm.get(path) is None:
        place = workspace.arm.post(f"{path}/startPendingUpload", {"pendingUploadType": "TemporaryBlobReference"})
        reference = place["blobReferenceForConsumption"]
        _upload(reference["credential"]["sasUri"], text)
        tags = {naming.MANAGED: "score.py"}
        body = {"properties": {"codeUri": reference["blobUri"], "isAnonymous": False, "isArchived": False, "tags": tags}}
        workspace.arm.put(path, body).wait(request.options.operation_timeout, "register score.py")
    return path


def _upload(place: str, text: bytes) -> None:
    from azure.storage.blob import ContainerClient

    with in_words(), ContainerClient.from_container_url(place) as container:
        container.upload_blob("score.py", text, overwrite=True)


def conda_environment(request: Request) -> dict[str, Any]:
    """The model's conda environment, with the inference server, modelpack and the plugin of the model's flavor."""
    from modelpack.images.model_environment import model_environment
    from modelpack.package.conda import python_of, read_conda
    from modelpack.package.environment import CONDA
    from modelpack.package.load import open_model

    stored = open_model(request.model_path)
    environment = model_environment(stored)
    conda = read_conda(stored.path / CONDA) if (stored.path / CONDA).is_file() else {}
    packages = [each for each in conda.get("dependencies", ()) if isinstance(each, str) and python_of({"dependencies": [each]}) is None]
    own = {f"modelpack-core[pandas]=={__version__}": "modelpack-core", INFERENCE_SERVER: INFERENCE_SERVER}
    lines = [each.line for each in environment.requirements if each.name not in own.values()]
    return {
        "name": "modelpack",
        "channels": list(conda.get("channels", ["conda-forge"])),
        "dependencies": [f"python={environment.python}", *packages, {"pip": [*lines, *own]}],
    }
