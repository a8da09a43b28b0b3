"""What the kit runs in other interpreters. Each function imports what it needs where it needs it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelpack.interfaces import Flavor
    from modelpack.plugins.manager import PluginManager

T = TypeVar("T")


def examine_plugin(flavor: str, library: str | None, path: str | None) -> dict[str, Any]:
    """Import a plugin, and then read and load a model where the library is not installed.

    Returns:
        Under `imported` the top-level modules that importing the plugin imports, and core does not; under `facts` and
        `missing` what asking for the facts of the model at `path`, and loading it, raise when `library` is hidden: the
        class's name, and the text.
    """
    import modelpack

    found, imported = _imported(lambda manager: manager.flavor(flavor))
    report: dict[str, Any] = {"imported": imported}
    if library and path:
        _hide(library)
        report["facts"] = _raised(lambda: _ask_facts(found, path))
        report["missing"] = _raised(lambda: modelpack.load_model(path, trust=True))
    return report


def imported_by_target(target: str) -> list[str]:
    """The top-level modules that importing a target imports, and core does not."""
    return _imported(lambda manager: manager.target(target))[1]


def load_damaged(tasks: list[tuple[list[str], bytes]]) -> list[list[tuple[str, Any]]]:
    """For each damaged copy of several models `refused`, `raised` or `loaded`, with the text, or with what it predicts.

    Args:
        tasks: The copies of each model, with how to predict, and what; pickled, since it is rarely needed.
    """
    return [[_load_one(place, oracle) for place in places] for places, oracle in tasks]


def _imported(find: Callable[[PluginManager], T]) -> tuple[T, list[str]]:
    import modelpack.plugins.dispatch
    import modelpack.plugins.manager
    import modelpack.plugins.validation

    before = _top_level_modules()
    found = find(modelpack.plugins.manager.PluginManager())
    return found, sorted(_top_level_modules() - before)


def _load_one(place: str, oracle: bytes) -> tuple[str, Any]:
    import pickle

    import modelpack
    from modelpack.errors import ModelpackError

    try:
        model = modelpack.load_model(place, trust=True)
        predict, inputs = pickle.loads(oracle)  # noqa: S301 - what the kit wrote
        return "loaded", predict(model, inputs)
    except ModelpackError as error:
        return "refused", str(error).replace(place, "…")
    except BaseException as error:  # noqa: BLE001 - even SystemExit is to be reported
        return "raised", f"{type(error).__name__}: {error}"


def _hide(library: str) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == library.partition(".")[0]]:
        del sys.modules[name]
    sys.meta_path.insert(0, _Missing(library))


def _raised(call: Callable[[], object]) -> tuple[str, str]:
    from modelpack.errors import ModelpackError

    try:
        call()
    except ModelpackError as error:
        return type(error).__name__, str(error)
    except Exception as error:  # noqa: BLE001 - to be reported
        return type(error).__name__, repr(error)
    return "nothing", "no error"


def _ask_facts(flavor: Flavor[Any, Any], path: str) -> None:
    from modelpack.schema.mlmodel import MLmodel

    conf = flavor.conf_type.model_validate(MLmodel.load(path).flavor_conf(flavor.name))
    flavor.executes_code(conf)
    flavor.requirements(conf)


def _top_level_modules() -> set[str]:
    return {name.partition(".")[0] for name in sys.modules}


class _Missing:
    """A finder that hides a library."""

    def __init__(self, library: str) -> None:
        self.library = library

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:  # noqa: ARG002 - the finder protocol
        if name == self.library or name.startswith(f"{self.library}."):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
