"""Where a container finds its model."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelpack.errors import InvalidArgumentError, NotFoundError
from modelpack.serving.container.location import model_location


def put(*directories: Path) -> None:
    """Put a model into directories."""
    for directory in directories:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "MLmodel").touch()


def test_model_lies_in_the_usual_place(tmp_path: Path) -> None:
    """Other models inside of the model are its own affair."""
    put(tmp_path, tmp_path / "artifacts" / "inner")
    assert model_location({}, tmp_path) == str(tmp_path)


def test_one_model_below_is_found(tmp_path: Path) -> None:
    """Archives for SageMaker have the model at their top, or its directory."""
    put(tmp_path / "my_model")
    assert model_location({}, tmp_path) == str(tmp_path / "my_model")


def test_azure_names_a_directory_above_the_model(tmp_path: Path) -> None:
    """`AZUREML_MODEL_DIR` goes before what is in the image."""
    put(tmp_path / "usual", tmp_path / "azureml-models" / "wine" / "1" / "wine_model")
    environ = {"AZUREML_MODEL_DIR": str(tmp_path / "azureml-models" / "wine" / "1")}
    assert model_location(environ, tmp_path / "usual").endswith("wine_model")


def test_named_model_goes_before_all(tmp_path: Path) -> None:
    """`MODELPACK_MODEL` may be a URI; it is not looked for."""
    environ = {"MODELPACK_MODEL": "s3://bucket/model", "AZUREML_MODEL_DIR": str(tmp_path)}
    assert model_location(environ, tmp_path) == "s3://bucket/model"


def test_no_model_and_several_are_errors(tmp_path: Path) -> None:
    """The error says where was looked, and what was found."""
    with pytest.raises(NotFoundError, match="no model in"):
        model_location({}, tmp_path / "absent")
    put(tmp_path / "a", tmp_path / "b")
    with pytest.raises(InvalidArgumentError, match="several models") as several:
        model_location({}, tmp_path)
    assert "MODELPACK_MODEL" in (several.value.hint or "")
