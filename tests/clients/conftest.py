"""Models behind a real server, and a real browser."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn

from modelpack.package.input_example import InputExample
from modelpack.pyfunc.model import PyFuncModel
from modelpack.schema.mlmodel import MLmodel
from modelpack.schema.signature import ModelSignature
from modelpack.serving.app import create_app
from modelpack.serving.settings import ServerSettings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class Function:
    """A model that is any function of the data and the params."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def predict(self, data: Any, params: Any = None) -> Any:
        """Score with the function."""
        return self._function(data, params)


@pytest.fixture
def make_model(tmp_path: Path) -> Callable[..., PyFuncModel]:
    """Make a model: `make_model(signature, function, example=frame)`."""

    def make(signature: ModelSignature | None, function: Callable[..., Any], example: Any = None) -> PyFuncModel:
        rendered = None if example is None else InputExample.of(example).rendered()
        if rendered is not None:
            rendered.write(tmp_path)
        described = MLmodel(
            flavors={"python_function": {"python_version": "3.12.1"}},
            signature=signature,
            model_uuid="5" * 32,
            saved_input_example_info=None if rendered is None else rendered.info,
        )
        digest = f"sha256:{'0' * 64}"
        return PyFuncModel(Function(function), mlmodel=described, path=tmp_path, digest=digest, native=None)

    return make


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Serve a model on a free port: `serve(model, timeout=1)` answers the server's URL.

    `wrap` puts another application around the server's.
    """
    with ExitStack() as stack:

        def start(model: PyFuncModel, *, wrap: Callable[[Any], Any] = lambda app: app, **settings: Any) -> str:
            app = create_app(model, settings=ServerSettings(**settings))
            return stack.enter_context(_served(wrap(app)))

        yield start


@contextmanager
def _served(app: Any) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="on"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        deadline = time.monotonic() + 30
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            assert time.monotonic() < deadline, "the server did not start in time"
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium; tests that need one are skipped where there is none, but not in CI."""
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        assert not os.environ.get("CI"), f"none of {', '.join(BROWSERS)} is installed"
        pytest.skip(f"none of {', '.join(BROWSERS)} is installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        yield chromium
        chromium.close()
