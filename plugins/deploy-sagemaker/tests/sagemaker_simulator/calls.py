"""Reading what a request asks for: the service, the operation, and its parameters."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from werkzeug.exceptions import NotFound

from sagemaker_simulator.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

Params = dict[str, Any]

RUNTIME = "sagemaker-runtime"
QUOTAS = "service-quotas"
_JSON_SERVICES = {"application-autoscaling": "application-autoscaling", "ecr": "ecr", "servicequotas": QUOTAS}
_SCOPE = re.compile(r"Credential=[^/]+/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/")
_INVOCATION = re.compile(r"/endpoints/(?P<name>[^/]+)/(?P<kind>async-invocations|invocations)")
_INVOCATIONS = {"invocations": "InvokeEndpoint", "async-invocations": "InvokeEndpointAsync"}
_CHANGING_METHODS = frozenset({"PUT", "POST", "DELETE"})
_READING = (
    "Describe", "List", "Get", "Head", "BatchGet", "BatchCheck", "Invoke", "Filter", "Simulate", "Search", "Assume",
    "Decode",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Call:
    """One request.

    Attributes:
        service: The service as botocore names it.
        operation: The operation as botocore's model names it; the method where it could not be told.
        region: Where it was sent to.
        params: Its parameters; none for services that are not validated.
    """

    service: str
    operation: str
    region: str
    params: Params

    def is_change(self) -> bool:
        """Whether it asks for something to become different."""
        return not self.operation.startswith(_READING)


def read_call(environ: dict[str, Any]) -> Call | None:
    """What a request asks for; None for one that is not signed, such as those to moto itself."""
    scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    if scope is None:
        return None
    service, region = scope["service"], scope["region"]
    if service == "sagemaker":
        return _sagemaker_call(environ, region)
    if service in _JSON_SERVICES:
        return Call(_JSON_SERVICES[service], _target(environ), region, _json(_body(environ)))
    if service == "iam":
        return _query_call(environ, service, region)
    return Call(service, _operation(environ, service), region, {})


def _sagemaker_call(environ: dict[str, Any], region: str) -> Call:
    invocation = _INVOCATION.fullmatch(environ["PATH_INFO"])
    if invocation is None:
        return Call("sagemaker", _target(environ), region, _json(_body(environ)))
    operation = _INVOCATIONS[invocation["kind"]]
    shape = get_service_model(RUNTIME).operation_model(operation).input_shape
    assert shape is not None
    found: Params = {"EndpointName": invocation["name"], "Body": _body(environ)}
    for name, member in shape.members.items():
        value = environ.get(_variable(member.serialization.get("name", name)))
        if member.serialization.get("location") == "header" and value:
            found[name] = int(value) if member.type_name == "integer" else value
    return Call(RUNTIME, operation, region, found)


def _variable(header: str) -> str:
    name = header.upper().replace("-", "_")
    return name if name == "CONTENT_TYPE" else f"HTTP_{name}"


def _query_call(environ: dict[str, Any], service: str, region: str) -> Call:
    """A request in the query protocol, read by moto's own parser."""
    request = _request(environ)
    operation = str(request.values.get("Action"))
    model = get_service_model(service).operation_model(operation)
    asked: Any = {"values": request.values, "headers": request.headers, "body": b"", "method": "POST", "url_path": "/"}
    return Call(service, operation, region, dict(PROTOCOL_PARSERS["query"](model, map_type=dict).parse(asked) or {}))


def _operation(environ: dict[str, Any], service: str) -> str:
    """The operation of a service that moto alone answers for."""
    if "HTTP_X_AMZ_TARGET" in environ:
        return _target(environ)
    if service == "sts":
        return str(_request(environ).values.get("Action"))
    try:
        operation, _ = get_service_router(service).match(Request({**environ, "wsgi.input": io.BytesIO()}))
    except (NotFound, NotImplementedError, KeyError, ValueError):
        method: str = environ["REQUEST_METHOD"]
        return f"Http{method}" if method in _CHANGING_METHODS else f"Get{method}"
    return str(operation.name)


def _request(environ: dict[str, Any]) -> Request:
    """The request, with a body that can still be read afterwards."""
    body = _body(environ)
    return Request({**environ, "wsgi.input": io.BytesIO(body)})


def _body(environ: dict[str, Any]) -> bytes:
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _target(environ: Mapping[str, Any]) -> str:
    return str(environ.get("HTTP_X_AMZ_TARGET", "")).rpartition(".")[2]


def _json(body: bytes) -> Params:
    try:
        content = json.loads(body or b"{}")
    except ValueError as error:
        raise Refusal("SerializationException", "could not parse the request as JSON") from error
    if not isinstance(content, dict):
        raise Refusal("SerializationException", "Start of structure or map found where not expected.")
    return content
