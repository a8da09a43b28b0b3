"""The LightGBM flavor. LightGBM itself is imported when a model is saved or loaded."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Literal

from modelpack import Flavor, FlavorConf, LoadContext, ModelpackWarning, PluginOptions, SaveContext, hookimpl
from modelpack.errors import InvalidArgumentError, InvalidModelError, WrongModelError
from modelpack_flavor_lightgbm import files
from modelpack_flavor_lightgbm.predictor import LightGBMPredictor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BOOSTER = "lightgbm.basic.Booster"
Format = Literal["skops", "cloudpickle", "pickle"]


class LightGBMOptions(PluginOptions):
    """What `save_model` takes for this flavor.

    Attributes:
        serialization_format: For estimators: `skops`, `cloudpickle` or `pickle`. None saves with skops where it holds
            the model, and with cloudpickle and a warning where it does not. Boosters are always LightGBM's text.
    """

    serialization_format: Format | None = None


class LightGBMConf(FlavorConf):
    """What stands under `flavors: lightgbm:`.

    Attributes:
        data: The file.
        lgb_version: The release of LightGBM that wrote it.
        model_class: The class; models from before MLflow 1.23 do not say, and are boosters.
        serialization_format: How an estimator was saved; older models do not say, and are pickles.
        skops_trusted_types: What skops does not trust by itself in the file. For MLflow; never believed here.
    """

    data: str = "model.lgb"
    lgb_version: str | None = None
    model_class: str = BOOSTER
    serialization_format: str = "cloudpickle"
    skops_trusted_types: list[str] | None = None


class LightGBMFlavor(Flavor[LightGBMOptions, LightGBMConf]):
    """Saves and loads boosters and the estimators of LightGBM's scikit-learn API."""

    name = "lightgbm"
    options_type = LightGBMOptions
    conf_type = LightGBMConf
    loader_modules = ("mlflow.lightgbm", "modelpack_flavor_lightgbm")
    system_packages = ("libgomp1",)

    def requirements(self, conf: LightGBMConf) -> Sequence[str]:
        """LightGBM, and what reads an estimator."""
        if conf.model_class == BOOSTER:
            return ["lightgbm", "numpy"]
        reader = {"skops": ["skops"], "cloudpickle": ["cloudpickle"]}.get(conf.serialization_format, [])
        return ["lightgbm", "numpy", "scikit-learn", *reader]

    def executes_code(self, conf: LightGBMConf) -> str | None:
        """A pickle runs whatever it holds; LightGBM's text and skops do not."""
        if conf.model_class == BOOSTER or conf.serialization_format == "skops":
            return None
        return f"{conf.data} is a pickle, and unpickling runs whatever it holds"

    def pyfunc_conf(self, conf: LightGBMConf, options: LightGBMOptions) -> Mapping[str, Any]:  # noqa: ARG002 - the conf says it
        """Where MLflow finds the file."""
        return {"data": conf.data}

    @hookimpl
    def modelpack_save_model(self, model: Any, context: SaveContext[LightGBMOptions]) -> LightGBMConf:
        """Write `model.lgb`, `model.skops` or `model.pkl`."""
        import lightgbm

        if isinstance(model, lightgbm.Booster):
            files.write_text(model, context.path / "model.lgb")
            return LightGBMConf(data="model.lgb", lgb_version=lightgbm.__version__, serialization_format="skops")
        _check_estimator(model)
        data, chosen, names = _write(model, context)
        return LightGBMConf(
            data=data,
            lgb_version=lightgbm.__version__,
            model_class=f"{type(model).__module__}.{type(model).__qualname__}",
            serialization_format=chosen,
            skops_trusted_types=names,
        )

    @hookimpl
    def modelpack_load_model(self, context: LoadContext[LightGBMConf]) -> Any:
        """Read the model, however it was saved."""
        conf = context.conf
        path = context.file(conf.data)
        context.check_version("lightgbm", conf.lgb_version)
        if conf.model_class == BOOSTER:
            return files.read_text(path)
        if conf.serialization_format == "skops":
            return files.read_skops(path, context.require_trust)
        if conf.serialization_format in {"cloudpickle", "pickle"}:
            return files.read_pickle(path)
        raise InvalidModelError(
            f"the model's serialization_format is {conf.serialization_format!r}, not skops, cloudpickle or pickle"
        )

    @hookimpl
    def modelpack_pyfunc_adapt(self, model: Any, context: LoadContext[LightGBMConf]) -> LightGBMPredictor:
        """Answer with the model's `predict`."""
        return LightGBMPredictor(model, context.signature)


def _check_estimator(model: Any) -> None:
    import lightgbm

    if not isinstance(model, lightgbm.LGBMModel):
        raise WrongModelError("lightgbm", "a Booster, or an estimator such as LGBMClassifier", model)
    if not model.__sklearn_is_fitted__():
        raise InvalidArgumentError(f"the {type(model).__name__} has not been fitted", hint="fit it and save it then")


def _write(model: Any, context: SaveContext[LightGBMOptions]) -> tuple[str, str, list[str] | None]:
    """Write an estimator in the format that was asked for, or in the safest that holds it."""
    chosen = context.options.serialization_format or "skops"
    if chosen == "skops":
        try:
            return "model.skops", chosen, files.write_skops(model, context.path / "model.skops")
        except InvalidArgumentError as error:
            hint = "serialization_format='cloudpickle' saves it; loading it then needs trust"
            if context.options.serialization_format:
                raise InvalidArgumentError(error.message, hint=hint) from error
            warnings.warn(f"{error.message}; saved with cloudpickle instead. {hint}", ModelpackWarning, stacklevel=2)
            chosen = "cloudpickle"
    files.write_pickle(model, context.path / "model.pkl", chosen)
    return "model.pkl", chosen, None


flavor = LightGBMFlavor()
