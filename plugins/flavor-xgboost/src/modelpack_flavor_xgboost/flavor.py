"""The XGBoost flavor. XGBoost itself is imported when a model is saved or loaded."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

from modelpack import Flavor, FlavorConf, LoadContext, PluginOptions, SaveContext, hookimpl
from modelpack.errors import InvalidArgumentError
from modelpack_flavor_xgboost import files
from modelpack_flavor_xgboost.library import BOOSTER, class_named, distribution, library, name_of, without_deprecations
from modelpack_flavor_xgboost.predictor import XGBoostPredictor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_OF_THE_MACHINE = {"callbacks", "device", "n_jobs", "verbosity"}


class XGBoostOptions(PluginOptions):
    """What `save_model` takes for this flavor.

    Attributes:
        model_format: `ubj` or `json`; both are exact.
    """

    model_format: Literal["ubj", "json"] = "ubj"


class XGBoostLoadOptions(PluginOptions):
    """What `load_model` takes for this flavor.

    Attributes:
        device: Where the model predicts, such as `cuda`; the CPU, unless XGBoost itself chooses otherwise.
    """

    device: str | None = None


class XGBoostConf(FlavorConf):
    """What stands under `flavors: xgboost:`.

    Attributes:
        data: The file.
        xgb_version: The release of XGBoost that wrote it.
        model_class: The class; models from before MLflow 1.22 do not say, and are boosters.
        model_format: `ubj`, `json` or `xgb`; the file itself tells.
        estimator_params: The params of an estimator that XGBoost does not save, such as `missing`. MLflow does not
            know them.
    """

    data: str = "model.xgb"
    xgb_version: str | None = None
    model_class: str = BOOSTER
    model_format: str | None = None
    estimator_params: dict[str, Any] | None = None


class XGBoostFlavor(Flavor[XGBoostOptions, XGBoostConf]):
    """Saves and loads boosters and the estimators of XGBoost's scikit-learn API."""

    name = "xgboost"
    options_type = XGBoostOptions
    load_options_type = XGBoostLoadOptions
    conf_type = XGBoostConf
    loader_modules = ("mlflow.xgboost", "modelpack_flavor_xgboost")

    def requirements(self, conf: XGBoostConf) -> Sequence[str]:
        """Whichever distribution of XGBoost is installed, and scikit-learn for its estimators."""
        return [distribution(), "numpy", *["scikit-learn"] * (conf.model_class != BOOSTER)]

    def executes_code(self, conf: XGBoostConf) -> str | None:  # noqa: ARG002 - none of its formats does
        """UBJSON and JSON hold numbers and names, and the class is one of a fixed table."""
        return None

    def pyfunc_conf(self, conf: XGBoostConf, options: XGBoostOptions) -> Mapping[str, Any]:  # noqa: ARG002 - the conf says it
        """Where MLflow finds the file."""
        return {"data": conf.data}

    @hookimpl
    def modelpack_save_model(self, model: Any, context: SaveContext[XGBoostOptions]) -> XGBoostConf:
        """Write `model.ubj` or `model.json`."""
        kind = name_of(model)
        if kind != BOOSTER and not model.__sklearn_is_fitted__():
            raise InvalidArgumentError(
                f"the {type(model).__name__} has not been fitted", hint="fit it and save it then"
            )
        form = context.options.model_format
        model.save_model(context.path / f"model.{form}")
        return XGBoostConf(
            data=f"model.{form}",
            xgb_version=library().__version__,
            model_class=kind,
            model_format=form,
            estimator_params=None if kind == BOOSTER else _plain_params(model),
        )

    @hookimpl
    def modelpack_load_model(self, context: LoadContext[XGBoostConf]) -> Any:
        """Read the model, whatever its format; the load option `device` names where it predicts."""
        conf, device = context.conf, context.options.model_dump(exclude_none=True)
        kind = class_named(conf.model_class)
        context.check_version(distribution(), conf.xgb_version)
        data = files.content(context.file(conf.data))
        with without_deprecations():
            return _loaded(kind, data, conf, device)

    @hookimpl
    def modelpack_pyfunc_adapt(self, model: Any, context: LoadContext[XGBoostConf]) -> XGBoostPredictor:
        """Answer with the model's `predict`."""
        is_classifier = context.conf.model_class.endswith("Classifier")
        with without_deprecations():
            labels = files.labels(context.file(context.conf.data)) if is_classifier else None
            return XGBoostPredictor(model, context.signature, labels)


def _loaded(kind: Any, data: bytearray, conf: XGBoostConf, device: dict[str, Any]) -> Any:
    if conf.model_class == BOOSTER:
        booster = kind(device)
        booster.load_model(data)
        return booster
    model = kind(**{**_known_params(kind, conf.estimator_params or {}), **device})
    model.load_model(data)
    model.get_booster().set_param(device)
    return model


def _plain_params(model: Any) -> dict[str, Any] | None:
    """What was set of an estimator's params and has a plain value; nothing that belongs to this machine."""
    params = {name: value for name, value in model.get_params().items() if name not in _OF_THE_MACHINE}
    return {name: value for name, value in params.items() if value is not None and _is_plain(value)} or None


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return type(value) in {bool, int, str} or (type(value) is float and math.isfinite(value))


def _known_params(kind: Any, params: Mapping[str, Any]) -> dict[str, Any]:
    """Those that the class has, with plain values."""
    names = set(kind().get_params()) - _OF_THE_MACHINE
    return {name: value for name, value in params.items() if name in names and _is_plain(value)}


flavor = XGBoostFlavor()
