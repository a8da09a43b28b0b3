"""The model and the environment that are registered for a deployment.

Azure has no way to delete an environment, and the blobs of a model may belong to several: what is not used any more is
archived. An archived version is in no list, and comes back when it is wished again.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from modelpack.package.manifest import NAME as MANIFEST
from modelpack.package.manifest import files as model_files
from modelpack_deploy_azureml import documents, naming
from modelpack_deploy_azureml.faults import in_words
from modelpack_deploy_azureml.survey import is_ours, tags_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from modelpack_deploy_azureml.arm import Resource
    from modelpack_deploy_azureml.documents import Request
    from modelpack_deploy_azureml.workspace import Workspace

KINDS = {"models": naming.MODEL, "environments": naming.ENVIRONMENT}
"""The kinds of assets, and the tag by which a deployment names its version of each."""

_READ_ONLY = frozenset({"environmentType", "provisioningState"})

IGNORED = (".amlignore", ".gitignore")
"""Files by which azure-ai-ml leaves others out of an upload."""


def is_active(workspace: Workspace, kind: str, name: str, version: str) -> bool:
    """Whether a version is registered and not archived."""
    found = workspace.arm.get(workspace.asset(kind, naming.asset_name(name), version))
    return found is not None and not found["properties"].get("isArchived")


def register_model(workspace: Workspace, request: Request) -> None:
    """Upload the model and register it, unless that has been done."""
    version = naming.model_version(request.digest)
    if not _restored(workspace, "models", request.name, version):
        with folder_of(request.model_path) as folder, in_words():
            upload_model(workspace, folder, naming.asset_name(request.name), version, _tags(request))


def register_environment(workspace: Workspace, request: Request) -> None:
    """Register the environment, unless that has been done."""
    version, seconds = documents.environment_version(request), request.options.operation_timeout
    register_version(workspace, "environments", request.name, version, documents.environment(request), seconds)


def register_version(workspace: Workspace, kind: str, name: str, version: str, body: Resource, seconds: float) -> None:
    """Register a version of something, unless that has been done."""
    if not _restored(workspace, kind, name, version):
        path = workspace.asset(kind, naming.asset_name(name), version)
        workspace.arm.put(path, body).wait(seconds, f"register {naming.asset_name(name)}:{version}")


def upload_model(workspace: Workspace, folder: Path, name: str, version: str | None, tags: dict[str, str]) -> Resource:
    """Upload a model directory with Azure's library and register it; answers the registered version."""
    from azure.ai.ml.entities import Model

    model = Model(path=str(folder), name=name, version=version, type="custom_model", tags=tags)
    made = workspace.client.models.create_or_update(model)
    return {"id": made.id, "name": made.name, "version": made.version, "tags": dict(made.tags or {})}


class folder_of:  # noqa: N801 - used as a context manager alone
    """The model's own files in a directory called `model`, as links where the file system has them."""

    def __init__(self, model: Path) -> None:
        """Take the files of a model directory."""
        self._model = model
        self._scratch = tempfile.TemporaryDirectory(prefix="modelpack-azureml-")

    def __enter__(self) -> Path:
        folder = Path(self._scratch.name) / naming.MODEL_FOLDER
        for name in [*(name for name, _ in model_files(self._model)), MANIFEST]:
            if (self._model / name).is_file():
                _link(self._model / name, folder / name)
        return folder

    def __exit__(self, *_: object) -> None:
        self._scratch.cleanup()


def active_versions(workspace: Workspace, kind: str, name: str) -> Iterator[str]:
    """The versions of a deployment's model or environment that are ours and not archived."""
    path = f"{workspace.path}/{kind}/{naming.asset_name(name)}/versions"
    for found in workspace.arm.pages(path, listViewType="ActiveOnly"):
        if is_ours(found["properties"]) and not found["properties"].get("isArchived"):
            yield found["name"]


def unused(workspace: Workspace, name: str, kept: Collection[Resource]) -> Iterator[tuple[str, str]]:
    """The kind and version of what is registered for a deployment and not used.

    Args:
        workspace: The workspace.
        name: The deployment's name.
        kept: The endpoint and the deployments that name what they use in their tags.
    """
    for kind, tag in KINDS.items():
        used = {tags_of(each).get(tag) for each in kept}
        for version in sorted(active_versions(workspace, kind, name)):
            if version not in used:
                yield kind, version


def archive(workspace: Workspace, kind: str, name: str, version: str, seconds: float) -> None:
    """Archive a version."""
    _set_archived(workspace, workspace.asset(kind, naming.asset_name(name), version), seconds, archived=True)


def _restored(workspace: Workspace, kind: str, name: str, version: str) -> bool:
    """Whether a version is there; one that was archived is taken out of the archive."""
    path = workspace.asset(kind, naming.asset_name(name), version)
    found = workspace.arm.get(path)
    if found is not None and found["properties"].get("isArchived"):
        _set_archived(workspace, path, 60.0, archived=False)
    return found is not None


def _set_archived(workspace: Workspace, path: str, seconds: float, *, archived: bool) -> None:
    found = workspace.arm.get(path)
    if found is not None:
        properties = {
            key: value for key, value in found["properties"].items() if value is not None and key not in _READ_ONLY
        }
        body = {"properties": {**properties, "isArchived": archived}}
        workspace.arm.put(path, body).wait(seconds, f"{'archive' if archived else 'restore'} {path}")


def _tags(request: Request) -> dict[str, str]:
    return {**documents.tags(request), naming.DIGEST: request.digest}


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)
