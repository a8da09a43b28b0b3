"""The scripts that run on Azure's own images, and the environment that they need."""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import TYPE_CHECKING, Any

from modelpack_deploy_azureml import naming
from modelpack_deploy_azureml.faults import in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelpack_deploy_azureml.documents import Request
    from modelpack_deploy_azureml.workspace import Workspace

NAME = "modelpack-score"
"""The name of the code asset. There is one for all deployments, since the scripts are the same for all models."""

ONLINE, BATCH = "score.py", "score_batch.py"
OF_ONLINE = ("azureml-inference-server-http",)
OF_BATCH = ("azureml-core", "azureml-dataset-runtime[fuse]")
"""What Azure's own part of a batch job needs."""


def script(name: str) -> str:
    """The text of a script."""
    return resources.files("modelpack_deploy_azureml").joinpath("scoring", name).read_text(encoding="utf-8")


def register_code(workspace: Workspace, seconds: float) -> str:
    """Upload the scripts, unless that has been done; answers the id of the code asset."""
    texts = {name: script(name).encode() for name in (ONLINE, BATCH)}
    path = workspace.asset("codes", NAME, hashlib.sha256(b"".join(texts.values())).hexdigest()[:16])
    if workspace.arm.get(path) is None:
        place = workspace.arm.post(f"{path}/startPendingUpload", {"pendingUploadType": "TemporaryBlobReference"})
        reference = place["blobReferenceForConsumption"]
        _upload(reference["credential"]["sasUri"], texts)
        tags = {naming.MANAGED: "scripts"}
        body = {
            "properties": {"codeUri": reference["blobUri"], "isAnonymous": False, "isArchived": False, "tags": tags}
        }
        workspace.arm.put(path, body).wait(seconds, "register the scripts")
    return path


def _upload(place: str, texts: dict[str, bytes]) -> None:
    from azure.storage.blob import ContainerClient

    with in_words(), ContainerClient.from_container_url(place) as container:
        for name, text in texts.items():
            container.upload_blob(name, text, overwrite=True)


def conda_environment(request: Request, also: Sequence[str] = OF_ONLINE) -> dict[str, Any]:
    """The model's conda environment, with modelpack, the plugin of the model's flavor, and what Azure needs.

    Raises:
        ModelpackError: The flavor's plugin is not installed, or what the model says of its environment is malformed.
    """
    from modelpack.images.model_environment import model_environment
    from modelpack.images.options import ImageOptions
    from modelpack.images.requirements import required
    from modelpack.package.conda import python_of, read_conda
    from modelpack.package.environment import CONDA
    from modelpack.package.load import open_model
    from modelpack.plugins.manager import default_manager
    from modelpack.pyfunc.load import viewed_flavor

    stored, manager = open_model(request.model_path), default_manager()
    name = viewed_flavor(stored, None, manager)
    flavor = manager.flavor(name)
    environment = model_environment(stored)
    declared = (
        ()
        if environment.stated
        else flavor.requirements(flavor.conf_type.model_validate(stored.mlmodel.flavor_conf(name)))
    )
    options = ImageOptions(without_requirements=environment.conda_only, extra_requirements=tuple(also))
    needed = required(environment, manager.record_of(flavor), declared, options)
    conda = read_conda(stored.path / CONDA) if (stored.path / CONDA).is_file() else {}
    packages = [
        each
        for each in conda.get("dependencies", ("pip",))
        if isinstance(each, str) and python_of({"dependencies": [each]}) is None
    ]
    return {
        "name": "modelpack",
        "channels": list(conda.get("channels", ["conda-forge"])),
        "dependencies": [f"python={environment.python}", *packages, {"pip": list(needed.text_lines())}],
    }
