"""The toy flavor: complete and correct, so that core's tests need no real library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from modelpack.errors import InvalidArgumentError
from modelpack.hookspecs import hookimpl
from modelpack.interfaces import Flavor, FlavorConf, PluginOptions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from toylib import ToyModel

    from modelpack.contexts import LoadContext, SaveContext


class ToyOptions(PluginOptions):
    """What `save_model(model, path, **options)` takes for the toy flavor."""

    digits: int | None = None
    suffix: Literal["json", "toy"] = "json"


class ToyLoadOptions(PluginOptions):
    """What `load_model(uri, **options)` takes for the toy flavor."""

    device: Literal["cpu", "gpu"] = "cpu"


class ToyConf(FlavorConf):
    """What stands under `flavors: toy:`."""

    data: str = "model.json"
    toy_version: str | None = None
    digits: int | None = None


class ToyPredictor:
    """Scores a DataFrame, an array with a column for each weight, or a list of mappings."""

    def __init__(self, model: ToyModel) -> None:
        """Keep the model."""
        self._model = model

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """One number for each row, times the param `scale`."""
        import numpy as np

        columns = list(self._model.weights)
        if hasattr(data, "columns"):
            data = data[columns].to_numpy(dtype=float)
        elif isinstance(data, list):
            data = [[row[name] for name in columns] for row in data]
        scores = np.asarray(data, dtype=float) @ np.asarray(list(self._model.weights.values())) + self._model.bias
        return scores * (params or {}).get("scale", 1.0)


class ToyFlavor(Flavor[ToyOptions, ToyConf]):
    """Saves `toylib.ToyModel` as JSON."""

    name = "toy"
    options_type = ToyOptions
    load_options_type = ToyLoadOptions
    conf_type = ToyConf
    loader_modules = ("toy_flavor", "mlflow.toy")

    def requirements(self, conf: ToyConf) -> Sequence[str]:  # noqa: ARG002 - the same for every conf
        """A distribution that is always there, standing for the library."""
        return ["packaging"]

    def executes_code(self, conf: ToyConf) -> str | None:  # noqa: ARG002 - JSON runs nothing
        """JSON runs nothing."""
        return None

    def pyfunc_conf(self, conf: ToyConf, options: ToyOptions) -> Mapping[str, Any]:  # noqa: ARG002 - the conf says it
        """Where the model's file is."""
        return {"data": conf.data}

    @hookimpl
    def modelpack_save_model(self, model: Any, context: SaveContext[ToyOptions]) -> ToyConf:
        """Write the model's JSON."""
        import toylib

        if not isinstance(model, toylib.ToyModel):
            raise InvalidArgumentError(f"the toy flavor saves a toylib.ToyModel, not a {type(model).__qualname__}")
        digits = context.options.digits
        if digits is not None:
            weights = {name: round(weight, digits) for name, weight in model.weights.items()}
            model = toylib.ToyModel(weights, round(model.bias, digits))
        conf = ToyConf(data=f"model.{context.options.suffix}", toy_version=toylib.__version__, digits=digits)
        model.write(context.path / conf.data)
        return conf

    @hookimpl
    def modelpack_load_model(self, context: LoadContext[ToyConf]) -> ToyModel:
        """Read the model's JSON."""
        import toylib

        context.check_version("toylib", context.conf.toy_version)
        return toylib.ToyModel.read(context.file(context.conf.data))

    @hookimpl
    def modelpack_pyfunc_adapt(self, model: ToyModel, context: LoadContext[ToyConf]) -> ToyPredictor:  # noqa: ARG002 - as the hook says
        """The predictor."""
        return ToyPredictor(model)


flavor = ToyFlavor()
