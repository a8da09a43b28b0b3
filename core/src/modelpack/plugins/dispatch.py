"""The hooks as typed functions: the only way in which core calls a plugin, with every answer checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from modelpack.errors import PluginError
from modelpack.interfaces import FlavorConf
from modelpack.plugins.options import validated_load_options, validated_options

if TYPE_CHECKING:
    from modelpack.contexts import DeployContext, LoadContext, SaveContext
    from modelpack.deployments.records import Deployment
    from modelpack.interfaces import Flavor, Predictor, Target
    from modelpack.plugins.manager import PluginManager

__all__ = [
    "conf_problems",
    "deploy",
    "load_model",
    "pyfunc_adapt",
    "save_model",
    "validated_load_options",
    "validated_options",
]

_PLAIN = (str, int, float, bool, type(None))


def save_model(
    manager: PluginManager, flavor: Flavor[Any, Any], model: object, context: SaveContext[Any]
) -> FlavorConf:
    """Let a flavor write a model's files.

    Returns:
        The conf that the flavor answered, as its `conf_type`; it holds plain values only.

    Raises:
        PluginError: The answer is None, no conf, or holds a value that `MLmodel` cannot.
        ModelpackError: As the flavor raised it; any other exception becomes a ModelFailureError.
    """
    answer = manager.call(flavor, "modelpack_save_model", model=model, context=context)
    owner = f"{manager.record_of(flavor)} answered from modelpack_save_model"
    conf = _as_conf(answer, flavor, owner)
    for place, value in _unplain(conf.model_dump(), ""):
        raise PluginError(
            f"{owner} a conf whose {place!r} is a {type(value).__module__}.{type(value).__qualname__}",
            hint="MLmodel holds text, numbers, booleans, null, lists and mappings; convert it in the flavor",
        )
    return conf


def load_model(manager: PluginManager, flavor: Flavor[Any, Any], context: LoadContext[Any]) -> Any:
    """Let a flavor load the native model.

    Raises:
        PluginError: The answer is None.
        ModelpackError: As the flavor raised it; any other exception becomes a ModelFailureError.
    """
    return manager.call(flavor, "modelpack_load_model", context=context)


def pyfunc_adapt(
    manager: PluginManager, flavor: Flavor[Any, Any], model: object, context: LoadContext[Any]
) -> Predictor:
    """Let a flavor wrap a loaded model as a predictor.

    Raises:
        PluginError: The answer has no `predict`.
        ModelpackError: As the flavor raised it; any other exception becomes a ModelFailureError.
    """
    answer: Predictor = manager.call(flavor, "modelpack_pyfunc_adapt", model=model, context=context)
    if not callable(getattr(answer, "predict", None)):
        raise PluginError(
            f"{manager.record_of(flavor)} answered a {type(answer).__qualname__} from modelpack_pyfunc_adapt, "
            f"which has no predict(data, params=None)"
        )
    return answer


def deploy(manager: PluginManager, target: Target[Any], context: DeployContext[Any]) -> Deployment:
    """Let a target apply a plan.

    Raises:
        PluginError: The answer is None, or the target raised something else than a ModelpackError.
    """
    deployment: Deployment = manager.call(target, "modelpack_deploy", context=context)
    return deployment


def _as_conf(answer: object, flavor: Flavor[Any, Any], owner: str) -> FlavorConf:
    conf_type: type[FlavorConf] = flavor.conf_type
    if isinstance(answer, conf_type):
        return answer
    if isinstance(answer, FlavorConf):
        answer = answer.model_dump()
    if not isinstance(answer, Mapping):
        raise PluginError(
            f"{owner} a {type(answer).__qualname__}", hint=f"it answers a {conf_type.__qualname__} or a mapping"
        )
    try:
        return conf_type.model_validate(dict(answer))
    except ValidationError as error:
        raise PluginError(f"{owner} what is no {conf_type.__qualname__}: {conf_problems(error)}") from error


def conf_problems(error: ValidationError) -> str:
    """What is wrong with a conf, key by key."""
    return "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())


def _unplain(value: object, place: str) -> list[tuple[str, object]]:
    if isinstance(value, Mapping):
        keys = [(f"{place}.{key}".strip("."), key) for key in value if type(key) is not str]
        return keys + [bad for key, each in value.items() for bad in _unplain(each, f"{place}.{key}".strip("."))]
    if isinstance(value, list | tuple):
        return [bad for index, each in enumerate(value) for bad in _unplain(each, f"{place}[{index}]")]
    return [] if type(value) in _PLAIN else [(place, value)]
