"""The hooks that flavors and targets implement, and the markers that declare them.

Core finds one plugin by name and calls the hook on that plugin alone; wrappers (`@hookimpl(wrapper=True)`) registered
by distributions in the entry-point group `modelpack.plugins` run round every call. A hook never answers `None`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelpack.contexts import DeployContext, LoadContext, SaveContext
    from modelpack.deployments.records import Deployment
    from modelpack.interfaces import FlavorConf, Predictor

PROJECT = "modelpack"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec(firstresult=True)
def modelpack_save_model(  # type: ignore[empty-body]  # a specification has no body
    model: Any, context: SaveContext[Any]
) -> FlavorConf | Mapping[str, Any]:
    """Write the model's own files and describe them.

    Called once for each save, in a staging directory. Core writes `MLmodel`, the environment files, the input example,
    the code directory and the manifest; the flavor writes none of them.

    Args:
        model: The object to save; the flavor checks that it can save it.
        context: Where to write, and the caller's options.

    Returns:
        What shall stand under `flavors: <name>:` in `MLmodel`: the flavor's conf, or a mapping of plain values.

    Raises:
        InvalidArgumentError: The model is not one of this flavor; the message names what was expected and what came.

    Example:
        ```python
        @hookimpl
        def modelpack_save_model(self, model: Booster, context: SaveContext[FlavorOptions]) -> ToyConf:
            if not isinstance(model, Booster):
                raise InvalidArgumentError(f"the toy flavor saves a toy.Booster, not a {type(model).__qualname__}")
            model.write(context.path / "model.toy")
            return ToyConf(data="model.toy", toy_version=toy.__version__)
        ```
    """


@hookspec(firstresult=True)
def modelpack_load_model(context: LoadContext[Any]) -> Any:
    """Load the native model.

    Called once for each load, after core has verified the directory and, if `executes_code(conf)` gave a reason, made
    sure that the caller trusts it. The model's `code` directory is importable during the call.

    Args:
        context: The model directory, the conf that the save answered, and the caller's load options.

    Returns:
        The object that was saved, or its equal.

    Raises:
        MissingDependencyError: The library is not installed.
        ModelFailureError: The library cannot read the file; core turns any other exception into this one.

    Example:
        ```python
        @hookimpl
        def modelpack_load_model(self, context: LoadContext[ToyConf]) -> Booster:
            context.check_version("toy", context.conf.toy_version)
            return Booster.read(context.file(context.conf.data))
        ```
    """


@hookspec(firstresult=True)
def modelpack_pyfunc_adapt(model: Any, context: LoadContext[Any]) -> Predictor:  # type: ignore[empty-body]
    """Wrap a loaded model as a predictor that takes a DataFrame (or arrays) and answers arrays, Series or frames.

    Called when a model is loaded as `python_function`, and when a save infers the outputs of a signature from an input
    example; the model is then the one that is being saved, not a copy of it.

    Args:
        model: What `modelpack_load_model` answered.
        context: As for `modelpack_load_model`; `context.pyfunc_conf` holds what stands under `python_function`.

    Returns:
        An object with `predict(data, params=None)`. It leaves `data` unchanged and may be called by several threads.

    Example:
        ```python
        @hookimpl
        def modelpack_pyfunc_adapt(self, model: Booster, context: LoadContext[ToyConf]) -> Predictor:
            return ToyPredictor(model)
        ```
    """


@hookspec(firstresult=True)
def modelpack_deploy(context: DeployContext[Any]) -> Deployment:  # type: ignore[empty-body]
    """Apply a plan: the one step that changes the world, so that policy and audit wrappers stand round it.

    Called by core after `Target.plan`, never for a dry run or for a plan without steps. It returns as soon as
    `Target.get` shows the change, and core polls that. A call that fails, or that `context.progress` stops, removes
    what it made, or leaves it so that the next plan goes on with it; what served before serves on.

    Args:
        context: The request, its plan, and a callback for progress.

    Returns:
        The deployment as the target sees it after the change was accepted.

    Raises:
        DeployError: With a code, and with what is left behind.

    Example:
        ```python
        @hookimpl
        def modelpack_deploy(self, context: DeployContext[ShelfOptions]) -> Deployment:
            shelf = context.request.options.directory / context.request.name
            shutil.copytree(context.request.model_path, shelf)
            context.progress(f"copied to {shelf}")
            return Deployment(name=context.request.name, state="ready", revision=context.plan.revision)
        ```
    """
