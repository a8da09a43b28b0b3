"""One call of one plugin's hook: the wrappers round it, its failures put in words, the trace of it."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from modelpack.errors import MissingDependencyError, ModelFailureError, ModelpackError, PluginError
from modelpack.plugins.modules import call_named

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pluggy

    from modelpack.plugins.discovery import PluginRecord

_TASKS = {
    "modelpack_save_model": "save the model",
    "modelpack_load_model": "load the model",
    "modelpack_pyfunc_adapt": "make a predictor of the model",
    "modelpack_deploy": "apply the plan",
}


def call_hook(
    wrappers: pluggy.PluginManager, owner: PluginRecord, plugin: object, hook: str, arguments: Mapping[str, Any]
) -> Any:
    """Call a hook on one plugin alone, inside the wrappers.

    The plugin's function joins the wrappers for this call only, so whatever else is loaded, now or by another thread
    meanwhile, cannot answer in its place.

    Raises:
        ModelFailureError: The plugin raised something else than a ModelpackError.
        MissingDependencyError: It missed a module.
        PluginError: It answered None, or a wrapper dropped its answer.
    """

    def answer() -> Any:
        failure = PluginError if hook == "modelpack_deploy" else ModelFailureError
        with failures_in_words(owner, _TASKS[hook], failure):
            result = call_named(getattr(plugin, hook), arguments)
        if result is None:
            raise PluginError(f"{owner} answered None from {hook}", hint="every hook answers; see docs/hooks.md")
        return result

    caller = getattr(wrappers.hook, hook)
    result = caller.call_extra([answer], arguments)
    if result is None:
        names = ", ".join(implementation.plugin_name for implementation in caller.get_hookimpls())
        raise PluginError(
            f"a wrapper of {hook} dropped the answer of {owner}; its wrappers: {names}",
            hint="a wrapper ends with `return (yield)`, or returns an answer of its own",
        )
    return result


@contextmanager
def traced(owner: PluginRecord, hook: str) -> Iterator[None]:
    """Print one line on standard error: the hook, the plugin, how long it took, and what it raised."""
    start = time.perf_counter()
    outcome = ""
    try:
        yield
    except BaseException as error:
        outcome = f" raised {type(error).__name__}"
        raise
    finally:
        duration = (time.perf_counter() - start) * 1000
        sys.stderr.write(f"modelpack: {hook} of {owner} took {duration:.2f} ms{outcome}\n")


@contextmanager
def failures_in_words(owner: PluginRecord, task: str, failure: type[ModelpackError]) -> Iterator[None]:
    """Let what a plugin raises be a ModelpackError that says which plugin could not do what.

    Args:
        owner: The plugin.
        task: What it was asked to do, such as `load the model`.
        failure: What an exception becomes that is not one already.

    Raises:
        MissingDependencyError: A module is not installed.
        ModelpackError: Of the type `failure`, for any other exception.
    """
    try:
        yield
    except ModelpackError:
        raise
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            f"{owner} could not {task}: the module {error.name!r} is not installed",
            hint=f"`pip install {owner.distribution}` brings what the {owner.kind} needs; "
            f"a module of the model's own has to be installed too, or saved with the model (code_paths)",
        ) from error
    except Exception as error:
        raise failure(f"{owner} could not {task}: {type(error).__name__}: {error}") from error
