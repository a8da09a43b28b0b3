"""The scikit-learn flavor (S54 to S61). scikit-learn itself is imported when a model is saved or loaded."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, field_validator

from modelpack import Flavor, FlavorConf, LoadContext, ModelpackWarning, PluginOptions, SaveContext, hookimpl
from modelpack.errors import InvalidArgumentError, WrongModelError
from modelpack_flavor_sklearn import formats
from modelpack_flavor_sklearn.predictor import Method, SklearnPredictor, adapt, method_of, missing_method

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class SklearnOptions(PluginOptions):
    """What `save_model` takes for this flavor.

    Attributes:
        serialization_format: `skops`, `cloudpickle` or `pickle`. None saves with skops where it holds the model, and
            with cloudpickle and a warning where it does not.
        pyfunc_predict_fn: The method behind pyfunc's `predict`. None is `predict`, or `transform` for a transformer.
        skops_trusted_types: Types or their full names, beyond the flavor's own list, that a skops file may hold.
            Loading such a file needs trust.
    """

    serialization_format: Literal["skops", "cloudpickle", "pickle"] | None = None
    pyfunc_predict_fn: Method | None = None
    skops_trusted_types: tuple[str, ...] | None = None

    @field_validator("skops_trusted_types", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        if not isinstance(value, (list, tuple, set, frozenset)):
            return value
        return tuple(f"{item.__module__}.{item.__name__}" if isinstance(item, type) else item for item in value)


class SklearnConf(FlavorConf):
    """What stands under `flavors: sklearn:`.

    Attributes:
        pickled_model: The file, whatever its format.
        sklearn_version: The release of scikit-learn that wrote it.
        serialization_format: How; models from before MLflow 0.9 do not say, and are pickles.
        skops_trusted_types: What skops does not trust by itself in the file. Written for MLflow, which believes it;
            never believed here (GHSA-w582-9x45-8mpx).
        method: The method behind the generic Python view, where the model has one. Known while it is saved, and
            written under `python_function: predict_fn:`, not here.
    """

    pickled_model: str = "model.pkl"
    sklearn_version: str | None = None
    serialization_format: str = formats.SERIALIZATION_FORMAT_PICKLE
    skops_trusted_types: list[str] | None = None
    method: str | None = Field(default=None, exclude=True)


class SklearnFlavor(Flavor[SklearnOptions, SklearnConf]):
    """Saves and loads scikit-learn's estimators and pipelines."""

    name = "sklearn"
    options_type = SklearnOptions
    conf_type = SklearnConf
    loader_modules = ("mlflow.sklearn", "modelpack_flavor_sklearn")
    fork_safe = True  # OpenMP starts its threads at the first prediction, and BLAS stops its own before a fork

    def requirements(self, conf: SklearnConf) -> Sequence[str]:
        """scikit-learn and its array libraries, and what reads the file."""
        reader = {"skops": ["skops"], "cloudpickle": ["cloudpickle"]}.get(conf.serialization_format, [])
        return ["scikit-learn", "numpy", "scipy", *reader]

    def executes_code(self, conf: SklearnConf) -> str | None:
        """A pickle runs whatever it holds; a skops file does not, unless `modelpack_load_model` finds otherwise."""
        if conf.serialization_format == formats.SERIALIZATION_FORMAT_SKOPS:
            return None
        return f"{conf.pickled_model} is a pickle, and unpickling runs whatever it holds"

    def pyfunc_conf(self, conf: SklearnConf, options: SklearnOptions) -> Mapping[str, Any] | None:  # noqa: ARG002 - the conf says it
        """Where the model is, and which of its methods answers (MLflow's keys); None where it has no such method."""
        return None if conf.method is None else {"model_path": conf.pickled_model, "predict_fn": conf.method}

    @hookimpl
    def modelpack_save_model(self, model: Any, context: SaveContext[SklearnOptions]) -> SklearnConf:
        """Write `model.skops` or `model.pkl`."""
        import sklearn

        options = context.options
        _check_estimator(model)
        if options.pyfunc_predict_fn is not None and not hasattr(model, options.pyfunc_predict_fn):
            raise missing_method(model, options.pyfunc_predict_fn)
        chosen, beyond = _write(model, context)
        return SklearnConf(
            pickled_model=formats.FILES[chosen],
            sklearn_version=sklearn.__version__,
            serialization_format=chosen,
            skops_trusted_types=beyond or None,
            method=options.pyfunc_predict_fn or method_of(model),
        )

    @hookimpl
    def modelpack_load_model(self, context: LoadContext[SklearnConf]) -> Any:
        """Read the estimator, however it was saved."""
        import sklearn

        conf = context.conf
        path = context.file(conf.pickled_model)
        if conf.sklearn_version == sklearn.__version__:
            return formats.read(path, conf.serialization_format, context.require_trust)
        context.check_version("scikit-learn", conf.sklearn_version)
        with _one_version_warning():
            return formats.read(path, conf.serialization_format, context.require_trust)

    @hookimpl
    def modelpack_pyfunc_adapt(self, model: Any, context: LoadContext[SklearnConf]) -> SklearnPredictor:
        """Answer with the method that `predict_fn` names."""
        return adapt(model, context.pyfunc_conf.get("predict_fn"), context.signature)


def _check_estimator(model: Any) -> None:
    if isinstance(model, type) or not (hasattr(model, "fit") and hasattr(model, "get_params")):
        raise WrongModelError("sklearn", "a scikit-learn estimator (an object with fit and get_params)", model)


def _write(model: Any, context: SaveContext[SklearnOptions]) -> tuple[str, list[str]]:
    """Write the model in the format that was asked for, or in the safest that holds it."""
    options = context.options
    chosen = options.serialization_format or formats.SERIALIZATION_FORMAT_SKOPS
    if chosen == formats.SERIALIZATION_FORMAT_SKOPS:
        try:
            path = context.path / formats.FILES[chosen]
            return chosen, formats.write_skops(model, path, options.skops_trusted_types or ())
        except formats.UnsuitableError as error:
            hint = "serialization_format='cloudpickle' saves it; loading it then needs trust"
            if options.serialization_format or options.skops_trusted_types:
                raise InvalidArgumentError(error.message, hint=hint) from error
            warnings.warn(f"{error.message}; saved with cloudpickle instead. {hint}", ModelpackWarning, stacklevel=2)
            chosen = formats.SERIALIZATION_FORMAT_CLOUDPICKLE
    formats.write_pickle(model, context.path / formats.FILES[chosen], chosen)
    return chosen, []


@contextmanager
def _one_version_warning() -> Iterator[None]:
    """Keep scikit-learn's own warning back: `check_version` has said it once, as the caller's policy wants."""
    from sklearn.exceptions import InconsistentVersionWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InconsistentVersionWarning)
        yield


flavor = SklearnFlavor()
