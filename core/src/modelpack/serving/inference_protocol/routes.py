"""The paths of the protocol, and those of its first version."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from modelpack.serving.errors import SAFE, json_response
from modelpack.serving.inference_protocol.failures import refused, wrong_method
from modelpack.serving.inference_protocol.first_version import Predict
from modelpack.serving.inference_protocol.infer import Infer
from modelpack.serving.inference_protocol.metadata import SERVER, model_metadata
from modelpack.serving.invocations import Invocations
from modelpack.serving.naming import VERSION, model_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

    from modelpack.pyfunc.model import PyFuncModel
    from modelpack.serving.scoring.engine import Engine
    from modelpack.serving.settings import ServerSettings


class InferenceProtocol:
    """Everything that the protocol's clients ask of a server.

    Attributes:
        hot: What answers predictions, by path.
        routes: The other paths.
    """

    def __init__(self, model: PyFuncModel, engine: Engine, settings: ServerSettings) -> None:
        """Serve a model under its name."""
        self._engine = engine
        self._name = model_name(model, settings)
        self._metadata = model_metadata(model, self._name)
        infer = Infer(model, self._name, engine, settings)
        predict = Predict(Invocations(engine, model.signature, replace(settings, protocol="modelpack")))
        self.hot: dict[str, ASGIApp] = {
            f"/v2/models/{self._name}/infer": infer,
            f"/v2/models/{self._name}/versions/{VERSION}/infer": infer,
            f"/v1/models/{self._name}:predict": predict,
        }
        self.routes = [
            Route("/v2", _Resource(lambda _: json_response(SERVER))),
            Route("/v2/health/live", _Resource(lambda _: self._health("live", holds=not engine.exhausted))),
            Route("/v2/health/ready", _Resource(lambda _: self._health("ready", holds=engine.ready))),
            Route("/v2/repository/index", _Resource(self._index, "POST")),
            *self._of_model("/v2/models/{name}"),
            *self._of_model("/v2/models/{name}/versions/{version}"),
            Route("/v2/{rest:path}", _Resource(_nothing, "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")),
            Route("/v1/models", _Resource(lambda _: json_response({"models": [self._name]}))),
            Route("/v1/models/{name}:predict", _Resource(self._known(_nothing), "POST")),
            Route("/v1/models/{name}", _Resource(self._known(self._ready))),
        ]

    def _of_model(self, path: str) -> list[Route]:
        return [
            Route(path, _Resource(self._known(lambda _: json_response(self._metadata)))),
            Route(f"{path}/ready", _Resource(self._known(self._ready))),
            Route(f"{path}/infer", _Resource(self._known(_nothing), "POST")),
        ]

    def _health(self, name: str, *, holds: bool) -> Response:
        return json_response({name: holds}, HTTPStatus.OK if holds else HTTPStatus.SERVICE_UNAVAILABLE)

    def _ready(self, scope: Scope) -> Response:  # noqa: ARG002 - one signature for all
        status = HTTPStatus.OK if self._engine.ready else HTTPStatus.SERVICE_UNAVAILABLE
        return json_response({"name": self._name, "ready": self._engine.ready}, status)

    def _index(self, scope: Scope) -> Response:  # noqa: ARG002 - one signature for all
        state = "READY" if self._engine.ready else "LOADING"
        models = [{"name": self._name, "version": VERSION, "state": state, "reason": ""}]
        return Response(orjson.dumps(models), headers=SAFE, media_type="application/json")

    def _known(self, respond: Callable[[Scope], Response]) -> Callable[[Scope], Response]:
        """Respond for the model that the server has, and refuse others."""

        def respond_if_known(scope: Scope) -> Response:
            given: dict[str, Any] = scope["path_params"]
            name, version = given["name"], given.get("version", VERSION)
            if name != self._name:
                return refused(HTTPStatus.NOT_FOUND, f"there is no model {name!r}; this server has {self._name!r}")
            if version != VERSION:
                message = f"there is no version {version!r} of the model {name!r}; this server has {VERSION!r}"
                return refused(HTTPStatus.NOT_FOUND, message)
            return respond(scope)

        return respond_if_known


class _Resource:
    """Answers the methods of one path, and refuses others in the protocol's form."""

    def __init__(self, respond: Callable[[Scope], Response], *methods: str) -> None:
        self._respond = respond
        self._methods = methods or ("GET", "HEAD")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        known = scope["method"] in self._methods
        await (self._respond(scope) if known else wrong_method(scope, *self._methods))(scope, receive, send)


def _nothing(scope: Scope) -> Response:
    return refused(HTTPStatus.NOT_FOUND, f"there is nothing at {scope['path']}")
