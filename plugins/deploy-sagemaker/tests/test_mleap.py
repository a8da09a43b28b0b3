"""The deployment flavor `mleap`: a bundle served without a Java machine (S126, S140)."""

from __future__ import annotations

import json
from pathlib import Path

import boto3
import pytest
from conftest import Place

import modelpack
from modelpack import deployments

pytest.importorskip("modelpack_flavor_mleap")
pytest.importorskip("sklearn")

pytestmark = pytest.mark.slow


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A model that doubles `x`, as a bundle of MLeap's."""
    import pandas as pd
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline

    import modelpack_flavor_mleap

    rows = pd.DataFrame({"x": [0.0, 1.0, 2.0]})
    pipeline = make_pipeline(LinearRegression()).fit(rows, rows["x"] * 2)
    modelpack_flavor_mleap.save_model(pipeline, rows, tmp_path / "bundle")
    return tmp_path / "bundle"


def test_s140_a_bundle_is_served_by_its_own_flavor(place: Place, bundle: Path) -> None:
    """Nobody names it: mleap goes before the generic view, and takes JSON in split orientation."""
    modelpack.deploy(bundle, name="doubling", **place.arguments())
    client = boto3.client("sagemaker")
    (model,) = client.list_models()["Models"]
    variables = client.describe_model(ModelName=model["ModelName"])["PrimaryContainer"]["Environment"]
    assert variables["deployment_flavor_name"] == variables["MODELPACK_FLAVOR"] == "mleap"
    body = b'{"columns": ["x"], "data": [[3.0], [4.0]]}'
    answer = deployments.invoke("doubling", body, content_type="application/json", **place.arguments())
    assert json.loads(answer.body)["predictions"] == pytest.approx([6.0, 8.0])
