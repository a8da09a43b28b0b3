"""What the kit runs in other interpreters. Each function imports what it needs where it needs it."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def examine_plugin(flavor: str, library: str | None, path: str | None) -> dict[str, Any]:
    """Import a plugin, and then load a model where the library is not installed.

    Returns:
        Under `imported` the top-level modules that importing the plugin imports, and core does not; under `missing`
        what loading the model at `path` raises when `library` is hidden: the class's name, and the text.
    """
    import modelpack.plugins.dispatch
    import modelpack.plugins.manager
    import modelpack.plugins.validation

    before = _top_level_modules()
    modelpack.plugins.manager.PluginManager().flavor(flavor)
    imported = sorted(_top_level_modules() - before)
    return {"imported": imported, "missing": _load_without(library, path) if library and path else None}


def load_and_predict(
    places: list[str],
    library: str | None,
    trust: bool | None,  # noqa: FBT001 - called by position
    predict: Callable[..., Any],
    inputs: Any,
) -> list[dict[str, Any]]:
    """Load a model from each of several places, and predict with it natively and through pyfunc.

    Returns:
        For each place `stranger` (what a load without trust raises), `ran` (what was unpickled and run from the model
        until the native model was loaded), `kind`, `native` and `pyfunc`; the traceback of a failure stands under
        `error`, or `pyfunc_error`.
    """
    import importlib

    if library is not None:
        importlib.import_module(library)
    return [_loaded(place, trust, predict, inputs) for place in places]


def load_damaged(places: dict[str, str], oracle: bytes) -> dict[str, Any]:
    """For each damaged copy of a model what happened: `refused`, or what was raised instead, or what it predicts.

    Args:
        places: The copies.
        oracle: How to predict, and what; pickled, since it is rarely needed.
    """
    import pickle

    import modelpack
    from modelpack.errors import ModelpackError

    outcomes: dict[str, Any] = {}
    for damage, place in places.items():
        try:
            model = modelpack.load_model(place, trust=True)
            predict, inputs = pickle.loads(oracle)  # noqa: S301 - what the kit wrote
            outcomes[damage] = predict(model, inputs)
        except ModelpackError:
            outcomes[damage] = "refused"
        except BaseException as error:  # noqa: BLE001 - even SystemExit is to be reported
            outcomes[damage] = f"raised {type(error).__name__}: {error}"
    return outcomes


def _load_without(library: str, path: str) -> tuple[str, str]:
    import modelpack
    from modelpack.errors import ModelpackError

    for name in [name for name in sys.modules if name.partition(".")[0] == library.partition(".")[0]]:
        del sys.modules[name]
    sys.meta_path.insert(0, _Missing(library))
    try:
        modelpack.load_model(path, trust=True)
    except ModelpackError as error:
        return type(error).__name__, str(error)
    except Exception as error:  # noqa: BLE001 - to be reported
        return type(error).__name__, repr(error)
    return "nothing", "the model was loaded"


def _outcome(place: str) -> str:
    """What a load by a user who trusts nothing raises; `nothing` when the model is loaded."""
    import modelpack

    try:
        modelpack.load_model(place)
    except Exception as error:  # noqa: BLE001 - to be reported
        return type(error).__name__
    return "nothing"


def _loaded(place: str, trust: bool | None, predict: Callable[..., Any], inputs: Any) -> dict[str, Any]:  # noqa: FBT001 - as above
    import traceback
    from copy import deepcopy

    import modelpack
    import modelpack.pyfunc

    report: dict[str, Any] = {}
    try:
        with _watched(place) as report["ran"]:
            report["stranger"] = _outcome(place)
        with _watched(place) as ran:
            model = modelpack.load_model(place, trust=trust)
        report["ran"] += [] if trust else ran
        report["kind"] = f"{type(model).__module__}.{type(model).__qualname__}"
        report["native"] = predict(model, deepcopy(inputs))
    except Exception:  # noqa: BLE001 - to be reported
        return {"error": traceback.format_exc()}
    try:
        report["pyfunc"] = modelpack.pyfunc.load_model(place, trust=trust).predict(deepcopy(inputs))
    except Exception:  # noqa: BLE001 - to be reported
        report["pyfunc_error"] = traceback.format_exc()
    return report


def _top_level_modules() -> set[str]:
    return {name.partition(".")[0] for name in sys.modules}


class _Missing:
    """A finder that hides a library."""

    def __init__(self, library: str) -> None:
        self.library = library

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:  # noqa: ARG002 - the finder protocol
        if name == self.library or name.startswith(f"{self.library}."):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


@contextmanager
def _watched(place: str) -> Iterator[list[str]]:
    """Note every class that is unpickled, and every piece of code that is run from the model directory."""
    seen: list[str] = []
    watching = True

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if not watching:
            return
        if event == "pickle.find_class":
            seen.append(f"unpickled {'.'.join(map(str, arguments))}")
        elif event == "exec" and str(getattr(arguments[0], "co_filename", "")).startswith(place):
            seen.append(f"ran {arguments[0].co_filename}")

    sys.addaudithook(hook)
    try:
        yield seen
    finally:
        watching = False
