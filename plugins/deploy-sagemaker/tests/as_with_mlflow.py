"""Deploying as with MLflow, and looking at what came of it."""

from __future__ import annotations

import json
from typing import Any

import boto3
from conftest import Place

from modelpack import ModelInfo, deployments
from modelpack_deploy_sagemaker import mlflow_api

Models = tuple[ModelInfo, ModelInfo]
REGION = "us-east-1"
BODY = b'{"columns": ["x"], "data": [[1.5], [2.0]]}'
ACCOUNT = "123456789012"


def arguments(place: Place, model: ModelInfo, **more: Any) -> dict[str, Any]:
    """What `deploy` is given."""
    named = {"execution_role_arn": place.role, "image_url": place.image, "region_name": REGION}
    return {"app_name": "churn", "model_path": model.path, "bucket": place.bucket, **named, **more}


def deploy(place: Place, model: ModelInfo, **more: Any) -> Any:
    """Deploy as with MLflow."""
    return mlflow_api.deploy(**arguments(place, model, **more))


def predictions(body: bytes = BODY) -> Any:
    """What the endpoint answers."""
    answer = deployments.invoke("churn", body, content_type="application/json", target="sagemaker")
    return json.loads(answer.body)["predictions"]


def describe(kind: str, name: str) -> Any:
    """What SageMaker says of something."""
    client, word = (
        boto3.client("sagemaker"),
        {"model": "Model", "endpoint_config": "EndpointConfig"}.get(kind, "Endpoint"),
    )
    return getattr(client, f"describe_{kind}")(**{f"{word}Name": name})


def config_of_endpoint() -> Any:
    """The configuration that serves."""
    return describe("endpoint_config", describe("endpoint", "churn")["EndpointConfigName"])
