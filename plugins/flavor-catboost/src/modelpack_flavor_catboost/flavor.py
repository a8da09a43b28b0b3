"""The CatBoost flavor. CatBoost itself is imported when a model is saved or loaded."""

from __future__ import annotations

import json
import ntpath
import posixpath
from typing import TYPE_CHECKING, Any, Literal

from modelpack import Flavor, FlavorConf, LoadContext, PluginOptions, SaveContext, hookimpl
from modelpack.errors import InvalidArgumentError, InvalidModelError, WrongModelError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelpack_flavor_catboost.predictor import CatBoostPredictor

FILE = "model.cb"
KINDS = ("CatBoost", "CatBoostClassifier", "CatBoostRegressor", "CatBoostRanker")
"""CatBoost's classes of models; a model file names one of these."""


class CatBoostOptions(PluginOptions):
    """What `save_model` takes for this flavor.

    Attributes:
        format: `cbm` is exact. `json` can be read by other programs; its leaf values are off by the last bit, and it
            cannot hold text features. CatBoost's other formats do not load again, or lose names and categories.
    """

    format: Literal["cbm", "json"] = "cbm"


class CatBoostConf(FlavorConf):
    """What stands under `flavors: catboost:`.

    Attributes:
        data: The file.
        catboost_version: The release of CatBoost that wrote it.
        model_type: The class of the model, one of `KINDS`.
        save_format: How the file is written.
    """

    data: str = FILE
    catboost_version: str | None = None
    model_type: str = "CatBoost"
    save_format: str = "cbm"


class CatBoostFlavor(Flavor[CatBoostOptions, CatBoostConf]):
    """Saves and loads CatBoost's models, their categories, texts and class labels with them."""

    name = "catboost"
    options_type = CatBoostOptions
    conf_type = CatBoostConf
    loader_modules = ("mlflow.catboost", "modelpack_flavor_catboost")

    def requirements(self, conf: CatBoostConf) -> Sequence[str]:  # noqa: ARG002 - the same for every model
        """CatBoost, and NumPy."""
        return ["catboost", "numpy"]

    def executes_code(self, conf: CatBoostConf) -> str | None:  # noqa: ARG002 - true of every format
        """No format of CatBoost holds code that loading would run."""
        return None

    def pyfunc_conf(self, conf: CatBoostConf, options: CatBoostOptions) -> Mapping[str, Any] | None:  # noqa: ARG002 - the conf says it
        """Where the model is (MLflow's key)."""
        return {"data": conf.data}

    @hookimpl
    def modelpack_save_model(self, model: Any, context: SaveContext[CatBoostOptions]) -> CatBoostConf:
        """Write `model.cb`."""
        import catboost

        kind = type(model).__name__
        if kind not in KINDS or type(model) is not getattr(catboost, kind):
            raise WrongModelError("catboost", f"a {', '.join(KINDS)} (no class derived from one)", model)
        if not model.is_fitted():
            raise InvalidArgumentError(f"the {kind} is not fitted", hint="call its fit before saving it")
        chosen = context.options.format
        _without_places(model).save_model(str(context.path / FILE), format=chosen)
        return CatBoostConf(catboost_version=catboost.__version__, model_type=kind, save_format=chosen)

    @hookimpl
    def modelpack_load_model(self, context: LoadContext[CatBoostConf]) -> Any:
        """Read the model into an instance of its class."""
        import catboost

        conf = context.conf
        if conf.model_type not in KINDS:
            raise InvalidModelError(
                f"the model's model_type is {conf.model_type!r}, which is none of {', '.join(KINDS)}"
            )
        context.check_version("catboost", conf.catboost_version)
        path = context.file(conf.data)
        if conf.save_format == "json":
            json.loads(path.read_bytes())  # CatBoost takes one that is cut off for a model without trees
        model = getattr(catboost, conf.model_type)()
        model.load_model(str(path), format=conf.save_format)
        return model

    @hookimpl
    def modelpack_pyfunc_adapt(self, model: Any, context: LoadContext[CatBoostConf]) -> CatBoostPredictor:  # noqa: ARG002 - the model says it all
        """Answer with `predict`."""
        from modelpack_flavor_catboost.predictor import CatBoostPredictor

        return CatBoostPredictor(model)


def _without_places(model: Any) -> Any:
    """The model, or a copy that does not tell where on its maker's disk it was trained."""
    place = str(model.get_params().get("train_dir") or "")
    if not (posixpath.isabs(place) or ntpath.isabs(place)):
        return model
    copy = model.copy()
    metadata = copy.get_metadata()
    for key, text in [*metadata.items()]:
        metadata[key] = text.replace(json.dumps(place), '"catboost_info"')
    return copy


flavor = CatBoostFlavor()
