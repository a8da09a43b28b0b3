"""Adding the flavor to a model that has been saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from modelpack.schema.mlmodel import MLmodel
    from modelpack_flavor_mleap.flavor import MLeapConf


def add(description: MLmodel, directory: Path, conf: MLeapConf) -> None:
    """Say in the description, and in the `MLmodel` file where there is one, that the model has the flavor."""
    from modelpack.package.manifest import NAME, write_manifest
    from modelpack.schema.mlmodel import FILE_NAME

    description.add_flavor("mleap", **conf.model_dump())
    if not (directory / FILE_NAME).is_file():
        return
    description.save(directory)
    if (directory / NAME).is_file():
        write_manifest(directory)
