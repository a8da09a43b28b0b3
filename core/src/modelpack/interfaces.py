"""The classes that a plugin inherits and the protocol that core calls."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel, ConfigDict

from modelpack.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

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


class FlavorConf(BaseModel):
    """What stands under `flavors: <name>:` in an `MLmodel` file; unknown keys are kept.

    Subclass it with the keys of one flavor, give those that older releases did not write a default.
    """

    model_config = ConfigDict(extra="allow", frozen=True, protected_namespaces=())


class PluginOptions(BaseModel):
    """A flavor's, target's or engine's own keyword arguments; an unknown one is an error that names the nearest."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, protected_namespaces=())


ConfT = TypeVar("ConfT", bound=FlavorConf)
OptionsT = TypeVar("OptionsT", bound=PluginOptions)


@runtime_checkable
class Predictor(Protocol):
    """What `modelpack_pyfunc_adapt` answers: the generic Python view of a model.

    A predictor may have an attribute `takes_arrays`, a bool. True says that for a column signature whose columns share
    one number type, `data` may as well be a two-dimensional array with the signature's columns in its order, and that
    the answer is the same, and has no index. The scoring server then makes no DataFrame. Without the attribute it is
    False.
    """

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Score one batch.

        Args:
            data: A DataFrame for a column signature or none, an array or a dict of arrays for a tensor signature;
                already converted to the signature's types. It is left unchanged, and may be read-only.
            params: Values for the signature's params, defaults filled in; None without such.

        Returns:
            An ndarray, Series or DataFrame (or dict of arrays), one row for each row of the input.
        """


class Flavor(ABC, Generic[OptionsT, ConfT]):
    """One way to view a model directory: the verbs and facts of one machine-learning library.

    An instance stands behind an entry point of the group `modelpack.flavors`, under the flavor's name. Its module
    imports the library inside the methods, so that finding a plugin costs milliseconds.

    Attributes:
        name: The key under `flavors:` in `MLmodel`, such as `xgboost`.
        options_type: What `save_model(model, path, **options)` accepts for this flavor.
        load_options_type: What `load_model(uri, **options)` accepts for it; nothing, unless it is said.
        conf_type: What the flavor writes under its key.
        loader_modules: The values of `python_function: loader_module:` that stand for this flavor. The first is
            written; the others are read. Empty when the flavor has no generic Python view.
        fork_safe: Whether a loaded model that has not predicted yet works on in a fork of its process: its library
            keeps no threads, sockets or devices that a child would not have. The scoring server then loads it once for
            all its workers. When in doubt, False: each worker loads the model itself.
        system_packages: The Debian packages that the library expects of the machine, such as `libgomp1`, beyond what
            Debian's Python needs itself. They are installed in images of the server.
    """

    name: ClassVar[str]
    options_type: type[OptionsT]
    load_options_type: type[PluginOptions] = PluginOptions
    conf_type: type[ConfT]
    loader_modules: ClassVar[tuple[str, ...]] = ()
    fork_safe: ClassVar[bool] = False
    system_packages: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def requirements(self, conf: ConfT) -> Sequence[str]:
        """The distributions that loading this conf needs, by name; core pins them at their installed versions."""

    @abstractmethod
    def executes_code(self, conf: ConfT) -> str | None:
        """Why loading this conf runs code from the model, in words that a user can judge by; None when it does not."""

    def pyfunc_executes_code(self, conf: ConfT) -> str | None:
        """The same for loading the generic Python view; for a flavor that makes it of other files, which run none."""
        return self.executes_code(conf)

    def pyfunc_conf(self, conf: ConfT, options: OptionsT) -> Mapping[str, Any] | None:  # noqa: ARG002 - for overriding
        """What else stands under `python_function:` beside the keys that core writes, such as `model_path`.

        None when this model, unlike others of the flavor, has no generic Python view.
        """
        return {}

    @abstractmethod
    def modelpack_save_model(self, model: Any, context: SaveContext[OptionsT]) -> ConfT:
        """See `modelpack.hookspecs.modelpack_save_model`."""

    @abstractmethod
    def modelpack_load_model(self, context: LoadContext[ConfT]) -> Any:
        """See `modelpack.hookspecs.modelpack_load_model`."""

    @abstractmethod
    def modelpack_pyfunc_adapt(self, model: Any, context: LoadContext[ConfT]) -> Predictor:
        """See `modelpack.hookspecs.modelpack_pyfunc_adapt`."""


class Engine(ABC, Generic[OptionsT]):
    """A way to score a batch: rows of files or tables, on one machine or many.

    An instance stands behind an entry point of the group `modelpack.engines`, under the engine's name. Core checks the
    request, finds the files and looks at their columns, and makes the output appear complete or not at all; the engine
    reads, scores and writes.

    Attributes:
        name: The name that users give with `--engine`.
        options_type: What `-O key=value` accepts for this engine.
    """

    name: ClassVar[str]
    options_type: type[OptionsT]

    def reads(self, source: str) -> bool:  # noqa: ARG002 - for overriding
        """Whether the engine itself finds what the caller named, such as a table or a path of its own file system.

        Core then looks for no files, and `context.files` is empty; the engine calls `context.check_columns` before it
        starts the job. It is asked only for what is no file, directory or pattern on this machine.
        """
        return False

    def writes(self, destination: str) -> bool:  # noqa: ARG002 - for overriding
        """Whether the engine itself makes this output appear complete or not at all, as on its own file system.

        Core then makes no staging directory, and the engine obeys `context.request.overwrite`.
        """
        return False

    @abstractmethod
    def modelpack_score_batch(self, context: BatchContext[OptionsT]) -> BatchResult:
        """See `modelpack.hookspecs.modelpack_score_batch`."""


class Target(ABC, Generic[OptionsT]):
    """A place where a packaged model can be deployed.

    An instance stands behind an entry point of the group `modelpack.targets`, under the target's name. Its module
    imports the platform's library inside the methods.

    Core calls the verbs in this order: `check`, `plan`, the hook `modelpack_deploy`, `get` until the state is settled,
    and then `finish`, or `roll_back` if it has settled otherwise than was planned. Every verb may raise `DeployError`;
    what a user cannot cause is a bug and may be any exception.

    Attributes:
        name: The name that users give with `--target`.
        options_type: What `-o key=value` accepts for this target; each field's description is its help.
    """

    name: ClassVar[str]
    options_type: type[OptionsT]

    def check(self, request: DeployRequest[OptionsT]) -> Iterable[Finding]:  # noqa: ARG002 - for overriding
        """What would make the request fail, found before anything is changed: names, limits, credentials, quota.

        An error stops the deployment; a warning is shown.
        """
        return ()

    @abstractmethod
    def plan(self, request: DeployRequest[OptionsT]) -> Plan:
        """The steps that would fulfil the request. Pure: it may look at what stands, and changes nothing.

        When the deployment is ready and fulfils the request already, there are no steps. Where an apply was
        interrupted, the steps are those that are left.
        """

    @abstractmethod
    def modelpack_deploy(self, context: DeployContext[OptionsT]) -> Deployment:
        """See `modelpack.hookspecs.modelpack_deploy`."""

    @abstractmethod
    def get(self, name: str, options: OptionsT) -> Deployment:
        """What stands under the name now; a deployment in state `absent` when modelpack made none here."""

    def finish(self, context: DeployContext[OptionsT], deployment: Deployment) -> Deployment:  # noqa: ARG002 - for overriding
        """Do what comes after a change that has succeeded: move the traffic, remove what was replaced.

        Called whenever `get` has settled as `ready` with the plan's revision, also when the plan had no steps, since an
        earlier call may have been interrupted before this.

        Args:
            context: The context of the apply.
            deployment: What `get` answered.

        Returns:
            What stands then.
        """
        return deployment

    def roll_back(self, context: DeployContext[OptionsT]) -> Deployment:
        """Undo a change that was accepted and failed later: remove what it made; what served before serves on.

        Called when `get` has settled as `failed`, or as `ready` with another revision than the plan's: the platform may
        have gone back to that by itself, and left what the change had made.

        Returns:
            What stands then: `ready` with the revision before, or `absent` when there was none.
        """
        return self.get(context.request.name, context.request.options)

    @abstractmethod
    def list(self, options: OptionsT) -> Iterable[Deployment]:
        """Every deployment that modelpack made here, and no other, page by page."""

    @abstractmethod
    def delete(self, name: str, options: OptionsT) -> None:
        """Begin to remove the deployment and all that was made for it; core then polls `get` until it is absent.

        A second call has nothing to do and succeeds. What modelpack did not make is never removed.
        """

    @abstractmethod
    def invoke(self, name: str, invocation: Invocation, options: OptionsT) -> InvocationAnswer:
        """Send one invocation to the deployment and answer what came back.

        Raises:
            DeployError: With code `not_deployed` when nothing stands there, `invocation_failed` when the scoring
                server refused the request or failed; the message holds what it said.
        """

    def logs(self, name: str, query: LogQuery, options: OptionsT) -> Iterator[str]:  # noqa: ARG002 - for overriding
        """The deployment's log, oldest line first, without line ends."""
        raise self._unsupported("has no logs")

    def set_traffic(self, name: str, traffic: Mapping[str, float], options: OptionsT) -> Deployment:  # noqa: ARG002 - for overriding
        """Divide the requests among the deployment's variants: percents by variant, which add up to 100."""
        raise self._unsupported("does not divide traffic")

    def run_local(self, context: LocalRunContext[OptionsT]) -> int:  # noqa: ARG002 - for overriding
        """Serve the model on this machine as the target would, until it is told to stop; answer the exit code."""
        raise self._unsupported("cannot be run on this machine")

    def submit_batch(self, request: BatchRequest[OptionsT]) -> BatchJob:  # noqa: ARG002 - for overriding
        """Start a batch job at the platform, and answer as soon as it has been accepted.

        The same call again finds the same job. What was made for the job alone is removed when it is over, by
        `get_batch` or by the platform.

        Raises:
            DeployError: With code `rejected` for what the platform would refuse, before anything is made; with
                `conflict` when a job of that name does something else.
        """
        raise self._unsupported("has no batch jobs")

    def get_batch(self, name: str, options: OptionsT) -> BatchJob:  # noqa: ARG002 - for overriding
        """How far a batch job is; in state `absent` when modelpack started none of that name."""
        raise self._unsupported("has no batch jobs")

    def export(self, request: DeployRequest[OptionsT]) -> Mapping[str, str]:  # noqa: ARG002 - for overriding
        """The request as the platform's own documents, by file name, to be applied by other means. Pure."""
        raise self._unsupported("has no documents to export")

    def _unsupported(self, what: str) -> DeployError:
        return DeployError(f"the target {self.name!r} {what}", code="unsupported")
