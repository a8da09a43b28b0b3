"""The classes that a plugin inherits and the protocol that core calls."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelpack.contexts import DeployContext, LoadContext, SaveContext
    from modelpack.deploy.records import Deployment, DeployRequest, Plan


class FlavorConf(BaseModel):
    """What stands under `flavors: <name>:` in an `MLmodel` file; unknown keys are kept.

    Subclass it with the keys of one flavor, give those that older releases did not write a default.
    """

    model_config = ConfigDict(extra="allow", frozen=True, protected_namespaces=())


class PluginOptions(BaseModel):
    """A flavor's or target's own keyword arguments; an unknown one is an error that names the nearest."""

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
    """

    name: ClassVar[str]
    options_type: type[OptionsT]
    load_options_type: type[PluginOptions] = PluginOptions
    conf_type: type[ConfT]
    loader_modules: ClassVar[tuple[str, ...]] = ()
    fork_safe: ClassVar[bool] = False

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


class Target(ABC, Generic[OptionsT]):
    """A place where a packaged model can be deployed.

    An instance stands behind an entry point of the group `modelpack.targets`, under the target's name.

    Attributes:
        name: The name that users give with `--target`.
        options_type: What `-o key=value` accepts for this target.
    """

    name: ClassVar[str]
    options_type: type[OptionsT]

    @abstractmethod
    def plan(self, request: DeployRequest[OptionsT]) -> Plan:
        """The steps that would fulfil the request. Pure: it may look at what stands, and changes nothing."""

    @abstractmethod
    def modelpack_deploy(self, context: DeployContext[OptionsT]) -> Deployment:
        """See `modelpack.hookspecs.modelpack_deploy`."""

    @abstractmethod
    def get(self, name: str, options: OptionsT) -> Deployment:
        """What stands under the name now; a deployment in state `absent` when there is none."""

    @abstractmethod
    def list(self, options: OptionsT) -> Sequence[Deployment]:
        """Every deployment that modelpack made here, and no other."""

    @abstractmethod
    def delete(self, name: str, options: OptionsT) -> None:
        """Remove the deployment and all that was made for it. A second call has nothing to do and succeeds."""

    @abstractmethod
    def invoke(self, name: str, body: bytes, content_type: str, options: OptionsT) -> bytes:
        """Send one invocation to the deployment and answer the body that came back."""
