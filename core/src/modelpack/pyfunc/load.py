"""Loading any model through its generic Python view."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from modelpack.package.load import load_native, open_model, pyfunc_flavor_name
from modelpack.plugins import dispatch
from modelpack.plugins.manager import default_manager
from modelpack.pyfunc.model import FLAVOR_NAME, PyFuncModel
from modelpack.pyfunc.policy import checked_policy

if TYPE_CHECKING:
    from modelpack.package.load import StoredModel, VersionPolicy
    from modelpack.package.trust import Trust
    from modelpack.plugins.manager import PluginManager
    from modelpack.pyfunc.policy import Policy


def load_model(
    uri: str | os.PathLike[str],
    *,
    flavor: str | None = None,
    trust: Trust | None = None,
    versions: VersionPolicy = "warn",
    suppress_warnings: bool = False,
    policy: Policy = "safe",
    plugins: PluginManager | None = None,
    **options: Any,
) -> PyFuncModel:
    """Load a model of any flavor as something that predicts on DataFrames.

    Args:
        uri: A model directory, or the URI of one: `runs:/…`, `file:`, or whatever fsspec opens.
        flavor: Whose view of the model, where it has several flavors; by default that of the flavor which its
            `python_function` names.
        trust: What may run code when it is loaded: True, a digest, a directory of models, or several of those; by
            default your trust store decides, where models that you save yourself stand.
        versions: What to do when Python or libraries differ from those that the model was saved with: `warn`, `error`
            or `ignore`.
        suppress_warnings: The older way to say `versions="ignore"` (S26).
        policy: How far data may be from the signature: `strict`, `safe` or `lenient`.
        plugins: The plugins to choose from; by default those that are installed.
        **options: Passed to the flavor; `model_config` sets values of a `PythonModel`'s configuration.

    Returns:
        The model; `unwrap()` gives what its library or its author made.

    Raises:
        NotFoundError: There is no such model, or it has no generic Python view, or not this flavor.
        IntegrityError: A file was added, removed or changed since the model was saved.
        TrustError: Loading would run code from the model, and you do not trust it.
        PluginError: The flavor's plugin is not installed or broken.
        ModelFailureError: The model's library or its own code cannot load it.

    Example:
        ```python
        model = modelpack.pyfunc.load_model("add_n_model")
        model.predict(pd.DataFrame([range(10)]))
        ```
    """
    manager = default_manager() if plugins is None else plugins
    checked_policy(policy)
    stored = open_model(uri)
    name = viewed_flavor(stored, flavor, manager)
    chosen, native, context = load_native(
        stored,
        name,
        trust=trust,
        versions="ignore" if suppress_warnings else versions,
        plugins=manager,
        options=options,
        generic=True,
    )
    if not _is_behind(stored, name, manager):
        context = replace(context, pyfunc_conf={})  # what stands there is another flavor's
    with stored.code_importable():
        predictor = dispatch.pyfunc_adapt(manager, chosen, native, context)
    return PyFuncModel(
        predictor, mlmodel=stored.mlmodel, path=stored.path, digest=stored.digest, native=native, policy=policy
    )


def viewed_flavor(stored: StoredModel, flavor: str | None, plugins: PluginManager) -> str:
    """The flavor whose view of a model is meant: the one that is named, else the one behind `python_function`.

    Raises:
        NotFoundError: The model has no generic Python view, or not this flavor.
        PluginError: Nothing claims the view, and a flavor that might is broken.
    """
    if flavor is None or flavor == FLAVOR_NAME:
        return pyfunc_flavor_name(stored, plugins)
    stored.mlmodel.flavor_conf(flavor)
    return flavor


def _is_behind(stored: StoredModel, name: str, plugins: PluginManager) -> bool:
    return FLAVOR_NAME in stored.mlmodel.flavors and pyfunc_flavor_name(stored, plugins) == name


def load_pyfunc(
    path: str | os.PathLike[str],
    run_id: str | None = None,
    suppress_warnings: bool = False,  # noqa: FBT001, FBT002 - the form that the function has in MLflow
    **arguments: Any,
) -> PyFuncModel:
    """Load a model under the function's older name (S26).

    Args:
        path: The model directory or URI; with `run_id`, the path in that run (S17).
        run_id: The run that the model was logged to.
        suppress_warnings: Whether to keep silent about other versions of Python and libraries.
        **arguments: What else `load_model` takes.
    """
    uri = path if run_id is None else f"runs:/{run_id}/{os.fspath(path)}"
    return load_model(uri, suppress_warnings=suppress_warnings, **arguments)
