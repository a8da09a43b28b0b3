"""`GET /execution-parameters`: how SageMaker's batch transform should send its requests, where a job does not say."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from modelpack.serving.settings import ServerSettings

_MEBIBYTE = 1024 * 1024
_TOGETHER = 100
"""SageMaker refuses jobs whose concurrent payloads may be more mebibytes than this together."""


def execution_parameters(settings: ServerSettings) -> dict[str, Any]:
    """As many requests at a time as are worked on at a time, each with as many lines as fit.

    See the guide to SageMaker's batch transform, "How containers serve requests".
    """
    concurrent = min(settings.workers * max(settings.threads, 1), _TOGETHER)
    largest = min(settings.max_body // _MEBIBYTE, _TOGETHER // concurrent)
    return {
        "MaxConcurrentTransforms": concurrent,
        "BatchStrategy": "MULTI_RECORD",
        "MaxPayloadInMB": max(1, largest),
    }
