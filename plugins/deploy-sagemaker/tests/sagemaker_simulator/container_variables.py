"""The variables that a container runs with."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sagemaker_simulator import artifacts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sagemaker_simulator.calls import Params
    from sagemaker_simulator.place import Image

_KEPT = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "PYTHONPATH", "SYSTEMROOT", "TMPDIR", "VIRTUAL_ENV")
"""What a container shares with this process: a container has none of its host's other variables."""

_MODEL = "/opt/ml/model"


@dataclass(frozen=True, slots=True)
class Host:
    """What a container has here instead of a file system and a network of its own.

    Attributes:
        home: A directory.
        model: What stands for `/opt/ml/model`.
        port: Where it shall listen.
    """

    home: Path
    model: Path
    port: int


def container_variables(
    host: Host, image: Image | None, definition: Params, given: Mapping[str, str]
) -> dict[str, str]:
    """The variables: the image's, then the model's, then what a job gives, and what tells of the host.

    Args:
        host: What the container has here.
        image: The image; None for one that a test pushed by ECR's own means.
        definition: The container as the model defines it.
        given: What a job gives.
    """
    is_baked = image is not None and image.model is not None and artifacts.data_uri(definition) is None
    model = image.model if image is not None and is_baked else host.model
    told = {**(image.environment if image else {}), **definition.get("Environment", {}), **given}
    moved = {name: value.replace(_MODEL, str(model), 1) for name, value in told.items() if value.startswith(_MODEL)}
    return {
        **{name: os.environ[name] for name in _KEPT if name in os.environ},
        "SAGEMAKER_MODEL_SERVER_WORKERS": "1",
        **told,
        **moved,
        "HOME": str(host.home),
        "MODELPACK_HOME": str(host.home / "modelpack"),
        "AZUREML_MODEL_DIR": str(model),  # searched for a model as the usual place is, which no process can have here
        "SAGEMAKER_BIND_TO_PORT": str(host.port),
    }
