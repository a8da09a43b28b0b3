"""A live account, as the conformance kit sees it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3

PREFIX = "modelpack-conformance"


class LiveAccount:
    """The account and region of the AWS configuration."""

    def __init__(self, role: str, bucket: str, image: str) -> None:
        self._role, self._bucket, self._image = role, bucket, image
        self._sagemaker = boto3.client("sagemaker")

    def options(self) -> dict[str, Any]:
        """What leads there."""
        return {"role": self._role, "bucket": self._bucket, "image": self._image, "prefix": PREFIX}

    def names(self) -> list[str]:
        """What stands with the names of the kit, and in its part of the bucket."""
        found = []
        for operation, words in (
            ("list_endpoints", "Endpoint"),
            ("list_endpoint_configs", "EndpointConfig"),
            ("list_models", "Model"),
        ):
            for page in self._sagemaker.get_paginator(operation).paginate():
                names = [each[f"{words}Name"] for each in page[f"{words}s"]]
                found += [f"{words}/{name}" for name in names if name.lower().startswith(("kit-", "theirs"))]
        pages = boto3.client("s3").get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=f"{PREFIX}/")
        return [*found, *(f"s3/{each['Key']}" for page in pages for each in page.get("Contents", ()))]

    def changes(self) -> None:
        """AWS does not count here."""

    @contextmanager
    def foreign(self, name: str) -> Iterator[None]:
        """A serverless endpoint without tags, which costs nothing while nobody asks it."""
        variant = {
            "VariantName": "AllTraffic",
            "ModelName": name,
            "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1},
        }
        client: Any = self._sagemaker
        client.create_model(ModelName=name, PrimaryContainer={"Image": self._image}, ExecutionRoleArn=self._role)
        client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        client.create_endpoint(EndpointName=name, EndpointConfigName=name)
        try:
            yield
        finally:
            while client.describe_endpoint(EndpointName=name)["EndpointStatus"] == "Creating":
                time.sleep(10)
            client.delete_endpoint(EndpointName=name)
            client.get_waiter("endpoint_deleted").wait(EndpointName=name)
            client.delete_endpoint_config(EndpointConfigName=name)
            client.delete_model(ModelName=name)
