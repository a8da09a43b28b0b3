"""Loading a model in another interpreter, and all that can be seen of it there."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelpack.testing.watching import changed_files, forked, lasting_threads, printed, watched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True, kw_only=True)
class Task:
    """What the other interpreter shall do.

    Attributes:
        places: The copies of the model.
        library: What to import first.
        trust: As for `modelpack.load_model`.
        fork_safe: Whether to predict in a fork of the process as well.
    """

    places: list[str]
    library: str | None
    trust: bool | None
    fork_safe: bool


@dataclass(kw_only=True)
class Report:
    """What loading from one place gave.

    Attributes:
        error: The traceback of a load that failed.
        stranger: What a load without trust raises; `nothing` when the model is loaded.
        ran: What was unpickled and run from the model until the native model was loaded.
        kind: The type of the native model.
        native: What it predicts.
        pyfunc: What its generic view predicts.
        pyfunc_error: The traceback of a generic view that failed.
        forked: What its generic view predicts in a fork of the process, or why it does not.
        changed: What was written in the model directory.
        left: What was written in the working directory.
        printed: What was printed to the standard output.
        warned: The warnings.
        threads: Threads that would keep the process from ending.
    """

    error: str | None = None
    stranger: str = ""
    ran: list[str] = field(default_factory=list)
    kind: str = ""
    native: Any = None
    pyfunc: Any = None
    pyfunc_error: str | None = None
    forked: tuple[str, Any] | None = None
    changed: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    printed: str = ""
    warned: list[str] = field(default_factory=list)
    threads: list[str] = field(default_factory=list)


def load_and_predict(task: Task, predict: Callable[..., Any], inputs: Any) -> list[Report]:
    """Load a model from each of several places, and predict with it natively (by the oracle) and through pyfunc."""
    import importlib

    if task.library is not None:
        importlib.import_module(task.library)
    return [_loaded(task, place, predict, inputs) for place in task.places]


def _loaded(task: Task, place: str, predict: Callable[..., Any], inputs: Any) -> Report:
    import traceback
    from copy import deepcopy

    import modelpack

    report = Report()
    try:
        with watched(place) as report.ran, _observed(report, place):
            report.stranger = _outcome(place)
        with watched(place) as ran, _observed(report, place):
            model = modelpack.load_model(place, trust=task.trust)
        report.ran += [] if task.trust else ran
        report.kind = f"{type(model).__module__}.{type(model).__qualname__}"
        _predict(task, place, inputs, report)
        report.native = predict(model, deepcopy(inputs))
    except Exception:  # noqa: BLE001 - to be reported
        report.error = traceback.format_exc()
    return report


def _predict(task: Task, place: str, inputs: Any, report: Report) -> None:
    import traceback
    from copy import deepcopy

    import modelpack.pyfunc

    try:
        with _observed(report, place):
            model = modelpack.pyfunc.load_model(place, trust=task.trust)
            if task.fork_safe and place == task.places[0]:
                report.forked = forked(lambda: model.predict(deepcopy(inputs)))
            report.pyfunc = model.predict(deepcopy(inputs))
    except Exception:  # noqa: BLE001 - to be reported
        report.pyfunc_error = traceback.format_exc()


def _outcome(place: str) -> str:
    """What a load by a user who trusts nothing raises; `nothing` when the model is loaded."""
    import modelpack

    try:
        modelpack.load_model(place)
    except Exception as error:  # noqa: BLE001 - to be reported
        return type(error).__name__
    return "nothing"


@contextmanager
def _observed(report: Report, place: str) -> Iterator[None]:
    """Note what is written and printed, and which threads are left."""
    import warnings

    with (
        changed_files(place) as changed,
        changed_files(str(Path.cwd())) as left,
        printed() as output,
        warnings.catch_warnings(record=True) as caught,
    ):
        yield
    report.changed += changed
    report.left += left
    report.printed += "".join(output)
    report.warned += [f"{warning.category.__name__}: {warning.message}" for warning in caught]
    report.threads = lasting_threads()
