"""A target with its options: every verb, its failures put in words and its answers checked."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, TypeVar

from modelpack.contexts import LocalRunContext
from modelpack.deployments.records import (
    BATCH_STATES,
    STATES,
    BatchJob,
    BatchRequest,
    Deployment,
    DeployRequest,
    Invocation,
    InvocationAnswer,
    LogQuery,
    Plan,
)
from modelpack.errors import PluginError
from modelpack.plugins import dispatch
from modelpack.plugins.calls import failures_in_words
from modelpack.plugins.manager import default_manager
from modelpack.plugins.options import validated_options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Self

    from modelpack.contexts import DeployContext
    from modelpack.deployments.records import Finding
    from modelpack.interfaces import PluginOptions, Target
    from modelpack.plugins.manager import PluginManager

AnswerT = TypeVar("AnswerT")


class OpenTarget:
    """One target with one set of options, as core calls it."""

    def __init__(self, target: Target[Any], options: PluginOptions, plugins: PluginManager) -> None:
        """Hold what `named` has found and validated."""
        self.options = options
        self._target = target
        self._plugins = plugins
        self._record = plugins.record_of(target)

    @classmethod
    def named(cls, name: str, options: Mapping[str, Any] | None = None, plugins: PluginManager | None = None) -> Self:
        """Find a target and validate its options.

        Raises:
            PluginError: It is not installed or broken.
            InvalidArgumentError: An option is unknown, missing, or has a wrong value.
        """
        manager = default_manager() if plugins is None else plugins
        target = manager.target(name)
        return cls(target, validated_options(target, options or {}), manager)

    @property
    def name(self) -> str:
        """The target's name."""
        return self._target.name

    def check(self, request: DeployRequest[Any]) -> tuple[Finding, ...]:
        """See `modelpack.Target.check`."""
        with self._in_words("check the request"):
            return tuple(self._target.check(request))

    def plan(self, request: DeployRequest[Any]) -> Plan:
        """See `modelpack.Target.plan`."""
        with self._in_words("plan the deployment"):
            return self._checked(self._target.plan(request), Plan, "plan")

    def apply(self, context: DeployContext[Any]) -> Deployment:
        """See `modelpack.hookspecs.modelpack_deploy`."""
        return self._deployment(dispatch.deploy(self._plugins, self._target, context), "modelpack_deploy")

    def finish(self, context: DeployContext[Any], deployment: Deployment) -> Deployment:
        """See `modelpack.Target.finish`."""
        with self._in_words("finish the change"):
            return self._deployment(self._target.finish(context, deployment), "finish")

    def roll_back(self, context: DeployContext[Any]) -> Deployment:
        """See `modelpack.Target.roll_back`."""
        with self._in_words("undo the change"):
            return self._deployment(self._target.roll_back(context), "roll_back")

    def get(self, name: str) -> Deployment:
        """See `modelpack.Target.get`."""
        with self._in_words(f"look at {name}"):
            return self._deployment(self._target.get(name, self.options), "get")

    def list(self) -> tuple[Deployment, ...]:
        """See `modelpack.Target.list`."""
        with self._in_words("list the deployments"):
            return tuple(self._deployment(each, "list") for each in self._target.list(self.options))

    def delete(self, name: str) -> None:
        """See `modelpack.Target.delete`."""
        with self._in_words(f"delete {name}"):
            self._target.delete(name, self.options)

    def invoke(self, name: str, invocation: Invocation) -> InvocationAnswer:
        """See `modelpack.Target.invoke`."""
        with self._in_words(f"invoke {name}"):
            return self._checked(self._target.invoke(name, invocation, self.options), InvocationAnswer, "invoke")

    def logs(self, name: str, query: LogQuery) -> Iterator[str]:
        """See `modelpack.Target.logs`."""
        with self._in_words(f"read the log of {name}"):
            yield from self._target.logs(name, query, self.options)

    def set_traffic(self, name: str, traffic: Mapping[str, float]) -> Deployment:
        """See `modelpack.Target.set_traffic`."""
        with self._in_words(f"divide the traffic of {name}"):
            return self._deployment(self._target.set_traffic(name, traffic, self.options), "set_traffic")

    def run_local(self, request: DeployRequest[Any], host: str, port: int, progress: Callable[[str], None]) -> int:
        """See `modelpack.Target.run_local`."""
        with self._in_words("serve the model on this machine"):
            return self._target.run_local(LocalRunContext(request=request, host=host, port=port, progress=progress))

    def submit_batch(self, request: BatchRequest[Any]) -> BatchJob:
        """See `modelpack.Target.submit_batch`."""
        with self._in_words(f"start the batch job {request.name}"):
            return self._job(self._target.submit_batch(request), "submit_batch")

    def get_batch(self, name: str) -> BatchJob:
        """See `modelpack.Target.get_batch`."""
        with self._in_words(f"look at the batch job {name}"):
            return self._job(self._target.get_batch(name, self.options), "get_batch")

    def export(self, request: DeployRequest[Any]) -> dict[str, str]:
        """See `modelpack.Target.export`."""
        with self._in_words("export the documents"):
            documents = dict(self._target.export(request))
        for name in documents:
            if not name or name != PurePath(name).name or "\\" in name:
                raise PluginError(
                    f"{self._record} answered a document called {name!r} from export, which is no file name"
                )
        return documents

    @contextmanager
    def _in_words(self, task: str) -> Iterator[None]:
        with failures_in_words(self._record, task, PluginError):
            yield

    def _deployment(self, answer: object, verb: str) -> Deployment:
        deployment = self._checked(answer, Deployment, verb)
        self._require_state(deployment.state, STATES, verb)
        return deployment

    def _job(self, answer: object, verb: str) -> BatchJob:
        job = self._checked(answer, BatchJob, verb)
        self._require_state(job.state, BATCH_STATES, verb)
        return job

    def _require_state(self, state: str, states: frozenset[str], verb: str) -> None:
        if state not in states:
            raise PluginError(
                f"{self._record} answered the state {state!r} from {verb}",
                hint=f"it is one of {', '.join(sorted(states))}",
            )

    def _checked(self, answer: object, expected: type[AnswerT], verb: str) -> AnswerT:
        if not isinstance(answer, expected):
            raise PluginError(
                f"{self._record} answered a {type(answer).__qualname__} from {verb}, not a {expected.__qualname__}"
            )
        return answer
