"""Which function answers which operation of SageMaker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sagemaker_simulator import (
    asynchronous,
    endpoint_configs,
    endpoint_descriptions,
    endpoints,
    invocations,
    models,
    quotas,
    tags,
    transform_jobs,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from werkzeug.wrappers import Response

    from sagemaker_simulator.calls import Params
    from sagemaker_simulator.failures import Failure
    from sagemaker_simulator.place import Place

AT_ONCE: Mapping[str, Callable[[Place, Params], Params]] = {
    "CreateModel": models.create_model,
    "DescribeModel": models.describe_model,
    "ListModels": models.list_models,
    "DeleteModel": models.delete_model,
    "CreateEndpointConfig": endpoint_configs.create_endpoint_config,
    "DescribeEndpointConfig": endpoint_configs.describe_endpoint_config,
    "ListEndpointConfigs": endpoint_configs.list_endpoint_configs,
    "DeleteEndpointConfig": endpoint_configs.delete_endpoint_config,
    "DescribeEndpoint": endpoint_descriptions.describe_endpoint,
    "ListEndpoints": endpoint_descriptions.list_endpoints,
    "UpdateEndpointWeightsAndCapacities": endpoints.update_weights,
    "DeleteEndpoint": endpoints.delete_endpoint,
    "DescribeTransformJob": transform_jobs.describe_transform_job,
    "ListTransformJobs": transform_jobs.list_transform_jobs,
    "StopTransformJob": transform_jobs.stop_transform_job,
    "AddTags": tags.add_tags,
    "ListTags": tags.list_tags,
    "DeleteTags": tags.delete_tags,
}

QUOTAS: Mapping[str, Callable[[Place, Params], Params]] = {
    "ListServiceQuotas": quotas.list_service_quotas,
    "GetServiceQuota": quotas.get_service_quota,
}

IN_TIME: Mapping[str, Callable[[Place, Params, Failure | None], Params]] = {
    "CreateEndpoint": endpoints.create_endpoint,
    "UpdateEndpoint": endpoints.update_endpoint,
    "CreateTransformJob": transform_jobs.create_transform_job,
}
"""Those that begin something which may fail later."""

RUNTIME: Mapping[str, Callable[[Place, Params], Response]] = {
    "InvokeEndpoint": invocations.invoke_endpoint,
    "InvokeEndpointAsync": asynchronous.invoke_endpoint_async,
}
