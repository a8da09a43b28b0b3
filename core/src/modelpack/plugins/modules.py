"""A module as a plugin: functions with `@hookimpl`, and the facts as names of the module."""

from __future__ import annotations

import inspect
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from modelpack.hookspecs import hookimpl
from modelpack.interfaces import Engine, Flavor, FlavorConf, PluginOptions, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from types import ModuleType

    from modelpack.batch.records import BatchResult
    from modelpack.contexts import BatchContext, DeployContext, LoadContext, LocalRunContext, SaveContext
    from modelpack.deployments.records import (
        BatchJob,
        BatchRequest,
        Deployment,
        DeployRequest,
        Finding,
        Invocation,
        InvocationAnswer,
        LogQuery,
        Plan,
    )
    from modelpack.interfaces import Predictor


def call_named(function: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    """Call a hook's function with those of the arguments that it names."""
    return function(**{name: arguments[name] for name in _parameters(function)})


@lru_cache(maxsize=64)
def _parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    return tuple(inspect.signature(function).parameters)


class _Module:
    """What both adapters do: keep the module, and pass on every verb and fact that they do not know."""

    def __init__(self, module: ModuleType, name: str) -> None:
        """Adapt a module that stands behind the entry point `name`."""
        self.module = module
        vars(self).update(
            name=getattr(module, "name", name), options_type=getattr(module, "options_type", PluginOptions)
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(self.module, name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.module.__name__}>"

    def _hook(self, hook: str, **arguments: Any) -> Any:
        return call_named(getattr(self.module, hook), arguments)


class ModuleFlavor(_Module, Flavor[PluginOptions, FlavorConf]):
    """A flavor whose functions and facts stand in a module.

    Facts that the module does not state: no options, any conf, no generic Python view, no requirements, not safe to
    fork, no Debian packages; and a format that is not said to be free of code counts as executing it.
    """

    def __init__(self, module: ModuleType, name: str) -> None:
        """Adapt a module that stands behind the entry point `name`."""
        super().__init__(module, name)
        vars(self).update(
            load_options_type=getattr(module, "load_options_type", PluginOptions),
            conf_type=getattr(module, "conf_type", FlavorConf),
            loader_modules=getattr(module, "loader_modules", ()),
            fork_safe=getattr(module, "fork_safe", False),
            system_packages=getattr(module, "system_packages", ()),
        )

    def requirements(self, conf: FlavorConf) -> Sequence[str]:
        """What the module's `requirements` answers or is."""
        stated: Sequence[str] = self._fact("requirements", (), conf)
        return stated

    def executes_code(self, conf: FlavorConf) -> str | None:
        """What the module's `executes_code` answers or is; a reason when it is silent."""
        silent = f"the flavor {self.name!r} does not say that its format is free of code"
        reason: str | None = self._fact("executes_code", silent, conf)
        return reason

    def pyfunc_executes_code(self, conf: FlavorConf) -> str | None:
        """What the module's `pyfunc_executes_code` answers or is; as `executes_code` when it is silent."""
        reason: str | None = self._fact("pyfunc_executes_code", self.executes_code(conf), conf)
        return reason

    def pyfunc_conf(self, conf: FlavorConf, options: PluginOptions) -> Mapping[str, Any]:
        """What the module's `pyfunc_conf` answers or is."""
        stated: Mapping[str, Any] = self._fact("pyfunc_conf", {}, conf, options)
        return stated

    @hookimpl
    def modelpack_save_model(self, model: Any, context: SaveContext[PluginOptions]) -> FlavorConf:
        """Call the module's function."""
        conf: FlavorConf = self._hook("modelpack_save_model", model=model, context=context)
        return conf

    @hookimpl
    def modelpack_load_model(self, context: LoadContext[FlavorConf]) -> Any:
        """Call the module's function."""
        return self._hook("modelpack_load_model", context=context)

    @hookimpl
    def modelpack_pyfunc_adapt(self, model: Any, context: LoadContext[FlavorConf]) -> Predictor:
        """Call the module's function."""
        predictor: Predictor = self._hook("modelpack_pyfunc_adapt", model=model, context=context)
        return predictor

    def _fact(self, name: str, default: Any, *arguments: Any) -> Any:
        stated = getattr(self.module, name, default)
        return stated(*arguments) if callable(stated) else stated


class ModuleEngine(_Module, Engine[PluginOptions]):
    """An engine whose functions stand in a module; what it does not say of itself, core does for it."""

    def reads(self, source: str) -> bool:
        """What the module's `reads` answers."""
        return bool(getattr(self.module, "reads", super().reads)(source))

    def writes(self, destination: str) -> bool:
        """What the module's `writes` answers."""
        return bool(getattr(self.module, "writes", super().writes)(destination))

    @hookimpl
    def modelpack_score_batch(self, context: BatchContext[PluginOptions]) -> BatchResult:
        """Call the module's function."""
        result: BatchResult = self._hook("modelpack_score_batch", context=context)
        return result


class ModuleTarget(_Module, Target[PluginOptions]):
    """A target whose verbs stand in a module; those that it may leave out are then unsupported."""

    @hookimpl
    def modelpack_deploy(self, context: DeployContext[PluginOptions]) -> Deployment:
        """Call the module's function."""
        deployment: Deployment = self._hook("modelpack_deploy", context=context)
        return deployment

    def check(self, request: DeployRequest[PluginOptions]) -> Iterable[Finding]:
        """Call the module's function, if it has one."""
        findings: Iterable[Finding] = getattr(self.module, "check", super().check)(request)
        return findings

    def plan(self, request: DeployRequest[PluginOptions]) -> Plan:
        """Call the module's function."""
        plan: Plan = self.module.plan(request)
        return plan

    def get(self, name: str, options: PluginOptions) -> Deployment:
        """Call the module's function."""
        deployment: Deployment = self.module.get(name, options)
        return deployment

    def finish(self, context: DeployContext[PluginOptions], deployment: Deployment) -> Deployment:
        """Call the module's function, if it has one."""
        finished: Deployment = getattr(self.module, "finish", super().finish)(context, deployment)
        return finished

    def roll_back(self, context: DeployContext[PluginOptions]) -> Deployment:
        """Call the module's function, if it has one."""
        deployment: Deployment = getattr(self.module, "roll_back", super().roll_back)(context)
        return deployment

    def list(self, options: PluginOptions) -> Iterable[Deployment]:
        """Call the module's function."""
        deployments: Iterable[Deployment] = self.module.list(options)
        return deployments

    def delete(self, name: str, options: PluginOptions) -> None:
        """Call the module's function."""
        self.module.delete(name, options)

    def invoke(self, name: str, invocation: Invocation, options: PluginOptions) -> InvocationAnswer:
        """Call the module's function."""
        answer: InvocationAnswer = self.module.invoke(name, invocation, options)
        return answer

    def logs(self, name: str, query: LogQuery, options: PluginOptions) -> Iterator[str]:
        """Call the module's function, if it has one."""
        lines: Iterator[str] = getattr(self.module, "logs", super().logs)(name, query, options)
        return lines

    def set_traffic(self, name: str, traffic: Mapping[str, float], options: PluginOptions) -> Deployment:
        """Call the module's function, if it has one."""
        deployment: Deployment = getattr(self.module, "set_traffic", super().set_traffic)(name, traffic, options)
        return deployment

    def run_local(self, context: LocalRunContext[PluginOptions]) -> int:
        """Call the module's function, if it has one."""
        code: int = getattr(self.module, "run_local", super().run_local)(context)
        return code

    def submit_batch(self, request: BatchRequest[PluginOptions]) -> BatchJob:
        """Call the module's function, if it has one."""
        job: BatchJob = getattr(self.module, "submit_batch", super().submit_batch)(request)
        return job

    def get_batch(self, name: str, options: PluginOptions) -> BatchJob:
        """Call the module's function, if it has one."""
        job: BatchJob = getattr(self.module, "get_batch", super().get_batch)(name, options)
        return job

    def export(self, request: DeployRequest[PluginOptions]) -> Mapping[str, str]:
        """Call the module's function, if it has one."""
        documents: Mapping[str, str] = getattr(self.module, "export", super().export)(request)
        return documents
