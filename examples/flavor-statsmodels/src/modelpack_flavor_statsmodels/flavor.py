"""The flavor: what modelpack has to know of statsmodels. Everything else is core's."""

from __future__ import annotations

from copy import deepcopy
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from modelpack import (
    Flavor,
    FlavorConf,
    LoadContext,
    PluginOptions,
    SaveContext,
    hookimpl,
)
from modelpack.errors import SchemaError, WrongModelError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DATA = "model.statsmodels"


class StatsmodelsOptions(PluginOptions):
    """What `modelpack.save_model(model, path, **options)` takes for this flavor.

    Attributes:
        remove_data: Whether to save without the rows that the model was fitted to.
    """

    remove_data: bool = False


class StatsmodelsConf(FlavorConf):
    """What stands under `flavors: statsmodels:` in `MLmodel`: what a load has to know.

    Attributes:
        data: The file, relative to the model directory.
        statsmodels_version: The release of statsmodels that wrote it.
        columns: The columns of the model, in its order; None for a formula or an array.
            MLflow does not write them.
    """

    data: str = DATA
    statsmodels_version: str | None = None
    columns: list[str] | None = None


class StatsmodelsPredictor:
    """The generic Python view: a DataFrame in, a Series out."""

    def __init__(self, results: Any, columns: list[str] | None) -> None:
        self._results = results
        self._columns = columns

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Answer one prediction for each row."""
        if self._columns is not None and hasattr(data, "columns"):
            data = _selected(data, self._columns)
        return self._results.predict(data, **(params or {}))


class StatsmodelsFlavor(Flavor[StatsmodelsOptions, StatsmodelsConf]):
    """Saves and loads results of statsmodels: what `fit()` answers."""

    name = "statsmodels"
    options_type = StatsmodelsOptions
    conf_type = StatsmodelsConf
    loader_modules = ("mlflow.statsmodels", "modelpack_flavor_statsmodels")

    def requirements(self, conf: StatsmodelsConf) -> Sequence[str]:
        """What a load needs; core pins each at the version that is installed.

        Where pyarrow is, pandas keeps texts in its arrays, and they go into the pickle.
        """
        needed = ["statsmodels", "numpy", "pandas", "scipy"]
        return [*needed, "pyarrow"] if find_spec("pyarrow") else needed

    def executes_code(self, conf: StatsmodelsConf) -> str | None:
        """Why a load runs code from the model: statsmodels has no other format."""
        return f"{conf.data} is a pickle, and unpickling runs whatever it holds"

    def pyfunc_conf(
        self,
        conf: StatsmodelsConf,
        options: StatsmodelsOptions,
    ) -> Mapping[str, Any]:
        """Where the file is: MLflow reads this key."""
        return {"data": conf.data}

    @hookimpl
    def modelpack_save_model(
        self,
        model: Any,
        context: SaveContext[StatsmodelsOptions],
    ) -> StatsmodelsConf:
        """Write the model's file."""
        import statsmodels

        _check(model)
        columns = _columns(model)
        if context.options.remove_data:
            model = deepcopy(model)  # statsmodels removes them from the object it saves
        model.save(context.path / DATA, remove_data=context.options.remove_data)
        return StatsmodelsConf(
            statsmodels_version=statsmodels.__version__,
            columns=columns,
        )

    @hookimpl
    def modelpack_load_model(self, context: LoadContext[StatsmodelsConf]) -> Any:
        """Read the model's file; core has made sure that the caller trusts it."""
        from statsmodels.iolib.smpickle import load_pickle

        context.check_version("statsmodels", context.conf.statsmodels_version)
        return load_pickle(context.file(context.conf.data))

    @hookimpl
    def modelpack_pyfunc_adapt(
        self,
        model: Any,
        context: LoadContext[StatsmodelsConf],
    ) -> StatsmodelsPredictor:
        """Wrap the model."""
        columns = context.conf.columns or _columns(model)
        return StatsmodelsPredictor(model, columns)


def _check(model: Any) -> None:
    """Refuse what does not predict from rows: models before `fit()`, time series."""
    from statsmodels.base.model import Results
    from statsmodels.base.wrapper import ResultsWrapper

    if not isinstance(model, (Results, ResultsWrapper)) or hasattr(model, "forecast"):
        expected = "the results of a fit() that predict from rows (no time series)"
        raise WrongModelError("statsmodels", expected, model)


def _columns(results: Any) -> list[str] | None:
    """The columns that a model was fitted to; None where it takes no frame by them."""
    from statsmodels.base.data import PandasData

    model = results.model
    if hasattr(model, "formula") or not isinstance(model.data, PandasData):
        return None
    return model.exog_names and [str(name) for name in model.exog_names]


def _selected(data: Any, columns: list[str]) -> Any:
    """The columns in the model's order; statsmodels itself goes by position."""
    if list(data.columns) == columns:
        return data  # as it usually is: to select costs more than to predict
    missing = [name for name in columns if name not in data.columns]
    if missing:
        raise SchemaError(
            f"columns are missing: {', '.join(missing)}",
            hint="statsmodels.api.add_constant adds `const`",
        )
    return data[columns]


flavor = StatsmodelsFlavor()
