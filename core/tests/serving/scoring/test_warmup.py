from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import modelpack
from modelpack.errors import InvalidModelError, ModelFailureError, SchemaError
from modelpack.pyfunc import PythonModel
from modelpack.pyfunc.model import PyFuncModel
from modelpack.serving.scoring.engine import Engine
from modelpack.serving.scoring.warmup import warm_up
from modelpack.serving.settings import ServerSettings

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLE = pd.DataFrame({"x": [1.0, 2.0], "y": [3.0, 4.0]})


class Function:
    """A model that is any function of the data."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.predict = lambda data, params=None: function(data)  # noqa: ARG005 - the Predictor protocol


@pytest.fixture
def make_saved(tmp_path: Path) -> Callable[..., PyFuncModel]:
    """Make a model of a function, saved with the example."""

    class Sum(PythonModel):
        def predict(self, context: Any, model_input: Any) -> Any:  # noqa: ARG002 - how a PythonModel is called
            return model_input["x"] + model_input["y"]

    modelpack.pyfunc.save_model(tmp_path / "model", python_model=Sum(), input_example=EXAMPLE)

    def make(function: Callable[[Any], Any], **facts: Any) -> PyFuncModel:
        saved = modelpack.pyfunc.load_model(str(tmp_path / "model"), trust=True)
        mlmodel = saved.metadata.model_copy(update=facts)
        return PyFuncModel(Function(function), mlmodel=mlmodel, path=saved.path, digest=saved.digest, native=None)

    return make


def test_the_example_is_predicted_three_times(make_saved: Callable[..., PyFuncModel]) -> None:
    """As a request with it would be."""
    seen: list[Any] = []

    def note(data: Any) -> Any:
        seen.append(data)
        return [1] * len(data)

    assert warm_up(make_saved(note))
    assert len(seen) == 3
    pd.testing.assert_frame_equal(seen[0], EXAMPLE)


def test_the_example_itself_does_where_there_is_no_request(make_saved: Callable[..., PyFuncModel]) -> None:
    """Older models have none."""
    seen: list[Any] = []

    def note(data: Any) -> Any:
        seen.append(data)
        return [1, 2]

    model = make_saved(note)
    (model.path / "serving_input_example.json").unlink()
    assert warm_up(model)
    pd.testing.assert_frame_equal(seen[0], EXAMPLE)


def test_a_model_without_example_is_not_warmed_up(make_model: Callable[..., PyFuncModel]) -> None:
    """There is nothing to predict."""
    assert not warm_up(make_model(lambda _: pytest.fail("it was called")))


def fail(_: Any) -> Any:
    """A model that does not predict."""
    raise ValueError("no such leaf")


@pytest.mark.parametrize(
    ("function", "error"),
    [(fail, ModelFailureError), (lambda _: object(), ModelFailureError)],
    ids=["fails", "no JSON"],
)
def test_a_failure_is_told(
    make_saved: Callable[..., PyFuncModel], function: Callable[[Any], Any], error: type[Exception]
) -> None:
    """Of the model, and of writing its answer."""
    with pytest.raises(error):
        warm_up(make_saved(function))


def test_an_example_outside_of_the_model_is_not_read(make_saved: Callable[..., PyFuncModel]) -> None:
    """Whatever the MLmodel file says."""
    model = make_saved(len, saved_input_example_info={"serving_input_path": "../../secret", "type": "dataframe"})
    with pytest.raises(InvalidModelError, match="outside"):
        warm_up(model)


def test_an_example_that_does_not_fit_is_told(make_saved: Callable[..., PyFuncModel]) -> None:
    """The signature was changed, or the example."""
    model = make_saved(len)
    (model.path / "serving_input_example.json").write_text('{"dataframe_records": [{"x": "a", "y": 1}]}')
    with pytest.raises(SchemaError):
        warm_up(model)


async def warmed_up() -> None:
    """Wait until the warm-up is over."""
    for thread in threading.enumerate():
        if thread.name == "warm-up":
            await asyncio.to_thread(thread.join, 30)


def test_an_engine_is_ready_when_the_warm_up_has_passed(make_saved: Callable[..., PyFuncModel]) -> None:
    """And not before."""
    go = threading.Event()

    def wait(data: Any) -> Any:
        assert go.wait(30)
        return [1] * len(data)

    async def work() -> None:
        engine = Engine(make_saved(wait), ServerSettings(threads=1))
        await engine.start()
        before = engine.ready
        go.set()
        await warmed_up()
        assert (before, engine.ready) == (False, True)
        await engine.stop()

    asyncio.run(asyncio.wait_for(work(), 30))


def test_an_engine_whose_warm_up_failed_is_never_ready(
    make_saved: Callable[..., PyFuncModel], caplog: pytest.LogCaptureFixture
) -> None:
    """The log says why."""

    async def work() -> None:
        engine = Engine(make_saved(fail), ServerSettings(threads=1))
        await engine.start()
        await warmed_up()
        assert not engine.ready
        await engine.stop()

    asyncio.run(asyncio.wait_for(work(), 30))
    assert "no such leaf" in caplog.text


@pytest.mark.parametrize("warm", [True, False])
def test_without_example_or_warm_up_an_engine_is_ready_at_once(
    make_saved: Callable[..., PyFuncModel], make_model: Callable[..., PyFuncModel], *, warm: bool
) -> None:
    """There is nothing to wait for."""

    async def work() -> None:
        engine = Engine(make_model() if warm else make_saved(fail), replace(ServerSettings(), warm_up=warm))
        await engine.start()
        assert engine.ready
        await engine.stop()

    asyncio.run(work())
