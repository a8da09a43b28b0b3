"""Where a model comes from, so that each process that works with it can load it anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelpack.errors import IntegrityError, ModelFailureError
from modelpack.package.load import open_model
from modelpack.plugins.manager import default_manager
from modelpack.pyfunc.load import load_model, viewed_flavor
from modelpack.pyfunc.model import PyFuncModel
from modelpack.pyfunc.policy import checked_policy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from modelpack.package.load import StoredModel, VersionPolicy
    from modelpack.pyfunc.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSource:
    """What `load_model` is told.

    Attributes:
        uri: The model directory, or the URI of one.
        flavor: Whose view of the model is served; None for the generic one.
        trust: What may run code when it is loaded, as for `load_model`.
        policy: How far data may be from the signature.
        versions: What to do when libraries differ from those that the model was saved with.
        digest: What the digest of the model has to be; None for any.
    """

    uri: str
    flavor: str | None = None
    trust: bool | str | list[str] | None = None
    policy: Policy = "safe"
    versions: VersionPolicy = "warn"
    digest: str | None = None

    def __post_init__(self) -> None:
        """Refuse an unknown policy.

        Raises:
            InvalidArgumentError: There is no such policy.
        """
        checked_policy(self.policy)

    def load(self) -> PyFuncModel:
        """The model, loaded.

        Raises:
            IntegrityError: It is not the one with the digest.
            ModelpackError: As `modelpack.pyfunc.load_model`.
        """
        model = load_model(self.uri, flavor=self.flavor, trust=self.trust, policy=self.policy, versions=self.versions)
        if self.digest not in (None, model.digest):
            raise IntegrityError(
                f"the model in {model.path} is another than when this was started",
                hint="start again to use the one that is there now",
            )
        return model

    def open(self) -> StoredModel:
        """The model's files, read and verified; nothing of it is imported.

        Raises:
            ModelpackError: There is no such model, or its files are not as they were saved.
        """
        return open_model(self.uri)

    def fork_safe(self, stored: StoredModel) -> bool:
        """Whether the flavor says that a loaded model works on in a fork of the process that loaded it.

        Raises:
            ModelpackError: The model has no such flavor, or its plugin is not installed.
        """
        manager = default_manager()
        return manager.flavor(viewed_flavor(stored, self.flavor, manager)).fork_safe


def described(stored: StoredModel, policy: Policy = "safe") -> PyFuncModel:
    """A model that says all that its files say of it, and was not loaded."""
    return _Described(stored, policy)


class _Described(PyFuncModel):
    """Made without what predicting needs: pandas alone would be most of the memory of a supervisor."""

    def __init__(self, stored: StoredModel, policy: Policy) -> None:
        self._mlmodel = stored.mlmodel
        self._path = stored.path
        self._digest = stored.digest
        self._native = None
        self._policy = policy

    @property
    def policy(self) -> Policy:
        return self._policy

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:  # noqa: ARG002 - as the base class
        raise ModelFailureError("this process did not load the model; its workers did")
