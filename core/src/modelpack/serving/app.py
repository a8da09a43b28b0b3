"""The scoring server as an ASGI application."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route

from modelpack.serving.description import description_routes
from modelpack.serving.errors import failure_handler, routing_error
from modelpack.serving.execution_parameters import execution_parameters
from modelpack.serving.fixed import fixed_json
from modelpack.serving.front import Front
from modelpack.serving.gate import gate
from modelpack.serving.health import health, ping, version
from modelpack.serving.inference_protocol.offer import inference_protocol
from modelpack.serving.invocations import Invocations
from modelpack.serving.observing.access_log import AccessLog
from modelpack.serving.observing.exposition import metrics_endpoint, model_labels
from modelpack.serving.observing.metrics import Metrics
from modelpack.serving.observing.route_names import route_names
from modelpack.serving.observing.tracing import tracing
from modelpack.serving.routes import Routes
from modelpack.serving.scoring.engine import Engine
from modelpack.serving.settings import ServerSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import ASGIApp

    from modelpack.pyfunc.model import PyFuncModel


def create_app(model: PyFuncModel, *, settings: ServerSettings | None = None) -> ASGIApp:
    """Put a model behind HTTP.

    Args:
        model: The loaded model.
        settings: What the server is told; every setting has a default.

    Returns:
        An application to run under any ASGI server that speaks the lifespan protocol.
    """
    settings = settings or ServerSettings()
    metrics = Metrics()
    labels = model_labels(model, settings)
    traces = tracing(labels)
    engine = Engine(model, settings, metrics)
    if traces is not None:
        engine.tell_of_calls(traces.called)
    tensor_paths, tensor_routes = inference_protocol(model, engine, settings)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Any]]:  # noqa: ARG001 - Starlette passes it
        await engine.start()
        yield {"engine": engine, "shortcut": shortcut, "notes": front.notes}  # a worker looks at them
        await engine.stop()
        metrics.close()
        if traces is not None:
            await asyncio.to_thread(traces.close)

    rest = Starlette(
        routes=[
            Route("/ping", ping(engine)),
            Route("/health", health(engine)),
            Route("/version", version(model)),
            Route("/metrics", metrics_endpoint(metrics, labels)),
            Route("/execution-parameters", fixed_json(lambda: execution_parameters(settings))),
            *tensor_routes,
            *description_routes(model, settings),
        ],
        exception_handlers={HTTPException: routing_error, Exception: failure_handler(debug=settings.debug)},
        lifespan=lifespan,
    )
    rest.router.redirect_slashes = False  # a redirection would be to the host that the client claims
    hot: dict[str, ASGIApp] = {"/invocations": Invocations(engine, model.signature, settings), **tensor_paths}
    front = Front(
        Routes(hot, rest),
        route_names(rest.routes, hot),
        metrics,
        gate=gate(settings),
        access_log=AccessLog(settings.log_format) if settings.access_log else None,
        tracing=traces,
        debug=settings.debug,
    )
    shortcut = front.shortcut(hot)
    return front
