"""Endpoint configurations: `CreateEndpointConfig` and the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sagemaker_simulator import requirements
from sagemaker_simulator.listing import page
from sagemaker_simulator.models import find_model
from sagemaker_simulator.place import Record
from sagemaker_simulator.refusals import invalid

if TYPE_CHECKING:
    from sagemaker_simulator.calls import Params
    from sagemaker_simulator.place import Place

_PER_INSTANCE = ("InstanceType", "InitialInstanceCount")


def create_endpoint_config(place: Place, params: Params) -> Params:
    """Keep a configuration, after the checks that SageMaker makes."""
    name, arn = params["EndpointConfigName"], place.arn("endpoint-config", params["EndpointConfigName"])
    if name in place.configs:
        raise invalid(f'Cannot create already existing endpoint configuration "{arn}".')
    _check(place, params)
    content = {key: value for key, value in params.items() if key != "Tags"}
    for variant in variants(content):
        variant.setdefault("InitialVariantWeight", 1.0)
    content.setdefault("EnableNetworkIsolation", False)
    place.configs[name] = Record(name, arn, content)
    place.tag(arn, params.get("Tags", []))
    return {"EndpointConfigArn": arn}


def variants(content: Params) -> list[Params]:
    """All variants, shadows too."""
    return [*content["ProductionVariants"], *content.get("ShadowProductionVariants", [])]


def find_config(place: Place, name: str) -> Record:
    """A configuration.

    Raises:
        Refusal: There is none.
    """
    if name not in place.configs:
        raise invalid(f'Could not find endpoint configuration "{place.arn("endpoint-config", name)}".')
    return place.configs[name]


def describe_endpoint_config(place: Place, params: Params) -> Params:
    """Everything that was asked for."""
    found = find_config(place, params["EndpointConfigName"])
    return {**found.content, "EndpointConfigArn": found.arn, "CreationTime": found.created}


def list_endpoint_configs(place: Place, params: Params) -> Params:
    """A page of configurations."""
    every = (
        {"EndpointConfigName": each.name, "EndpointConfigArn": each.arn, "CreationTime": each.created}
        for each in place.configs.values()
    )
    return page("EndpointConfig", "EndpointConfigs", every, params, place.account.settings.page_size)


def delete_endpoint_config(place: Place, params: Params) -> Params:
    """Remove a configuration, even one that an endpoint runs by."""
    found = find_config(place, params["EndpointConfigName"])
    del place.configs[found.name]
    place.tags.pop(found.arn, None)
    return {}


def _check(place: Place, params: Params) -> None:
    names = [variant["VariantName"] for variant in variants(params)]
    if len(set(names)) < len(names):
        raise invalid("Duplicate variant names are not allowed in an endpoint configuration.")
    if "ExecutionRoleArn" in params:
        requirements.check_role(params["ExecutionRoleArn"])
    for variant in variants(params):
        _check_variant(place, variant)
    _check_shadows(params)
    _check_kind(params)
    if not any(variant.get("InitialVariantWeight", 1.0) for variant in params["ProductionVariants"]):
        raise invalid("At least one production variant must have a weight greater than 0.")


def _check_variant(place: Place, variant: Params) -> None:
    name = variant["VariantName"]
    if "ModelName" not in variant:
        raise invalid(f"ModelName is required for production variant {name}.")
    find_model(place, variant["ModelName"])
    given = [member for member in _PER_INSTANCE if member in variant]
    if "ServerlessConfig" in variant:
        if given:
            raise invalid(f"{given[0]} cannot be specified with ServerlessConfig for production variant {name}.")
        _check_serverless(variant["ServerlessConfig"])
    elif len(given) < len(_PER_INSTANCE):
        raise invalid(f"InstanceType and InitialInstanceCount are required for production variant {name}.")


def _check_serverless(config: Params) -> None:
    if config["MemorySizeInMB"] % 1024:
        raise invalid("MemorySizeInMB must be one of 1024, 2048, 3072, 4096, 5120 or 6144.")
    if config.get("ProvisionedConcurrency", 1) > config["MaxConcurrency"]:
        raise invalid("ProvisionedConcurrency must not be greater than MaxConcurrency.")


def _check_shadows(params: Params) -> None:
    shadows = params.get("ShadowProductionVariants", [])
    if shadows and (len(shadows) != 1 or len(params["ProductionVariants"]) != 1):
        raise invalid("An endpoint with a shadow variant must have exactly one production and one shadow variant.")
    if shadows and any("ServerlessConfig" in each for each in variants(params)):
        raise invalid("Shadow variants are not supported on serverless endpoints.")


def _check_kind(params: Params) -> None:
    is_serverless = any("ServerlessConfig" in each for each in variants(params))
    for member in ("DataCaptureConfig", "AsyncInferenceConfig", "KmsKeyId", "VpcConfig"):
        if is_serverless and member in params:
            raise invalid(f"{member} is not supported for serverless endpoints.")
    if is_serverless and len(variants(params)) > 1:
        raise invalid("Serverless endpoints support only one production variant.")
    if "AsyncInferenceConfig" in params and "ShadowProductionVariants" in params:
        raise invalid("Shadow variants are not supported on asynchronous endpoints.")
    if "AsyncInferenceConfig" in params and len(params["ProductionVariants"]) > 1:
        raise invalid("Asynchronous endpoints support only one production variant.")
