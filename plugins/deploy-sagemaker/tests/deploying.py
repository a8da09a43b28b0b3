"""What the tests of the target do over and over."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from conftest import Place

import modelpack
from modelpack import ModelInfo, deployments
from modelpack.errors import DeployError

Models = tuple[ModelInfo, ModelInfo]
BODY = b'{"dataframe_split": {"columns": ["x"], "data": [[1.5], [2.0]]}}'
FIRST, SECOND = [{"x": 2.5}, {"x": 3.0}], [{"x": 3.5}, {"x": 4.0}]


def deploy(place: Place, model: ModelInfo, *, wait: bool = True, **options: Any) -> Any:
    """Deploy a model as `plus`."""
    return modelpack.deploy(model.path, name="plus", wait=wait, timeout=90, **place.arguments(**options))


def refusal(place: Place, model: ModelInfo, **options: Any) -> DeployError:
    """The error of a deployment that does not come about."""
    with pytest.raises(DeployError) as caught:
        deploy(place, model, **options)
    return caught.value


def predictions(place: Place) -> Any:
    """What the endpoint answers."""
    answer = deployments.invoke("plus", BODY, content_type="application/json", **place.arguments())
    return json.loads(answer.body)["predictions"]


def config() -> Any:
    """The configuration that serves."""
    client = boto3.client("sagemaker")
    name = client.describe_endpoint(EndpointName="plus")["EndpointConfigName"]
    return client.describe_endpoint_config(EndpointConfigName=name)


def count(place: Place, kind: str) -> int:
    """How many of a kind there are."""
    return sum(name.startswith(f"{kind}/") for name in place.simulator.names())
