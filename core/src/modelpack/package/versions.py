"""Other versions than those that a model was saved with: warn, refuse, or ignore."""

from __future__ import annotations

import platform
import sys
import warnings
from dataclasses import dataclass
from typing import Literal, TypeAlias

from modelpack.errors import InvalidArgumentError, ModelFailureError, ModelpackWarning
from modelpack.package.distributions import installed_version

VersionPolicy: TypeAlias = Literal["warn", "error", "ignore"]
_POLICIES = ("warn", "error", "ignore")


@dataclass(frozen=True, slots=True)
class VersionCheck:
    """What to do about a difference.

    Attributes:
        policy: `warn`, `error` or `ignore`.
        model: What the model is called in messages.
    """

    policy: VersionPolicy
    model: str

    def __post_init__(self) -> None:
        if self.policy not in _POLICIES:
            raise InvalidArgumentError(
                f"versions is {self.policy!r}", hint=f"it is one of {', '.join(map(repr, _POLICIES))}"
            )

    def distribution(self, name: str, recorded: str | None) -> None:
        """Compare the version of a distribution that a model records with the installed one (S42)."""
        if self.policy == "ignore":
            return
        if recorded is None:
            self._tell(f"{self.model} does not say with which version of {name} it was saved")
            return
        running = installed_version(name) or getattr(sys.modules.get(name), "__version__", None)
        if running is not None and str(running) != recorded:
            self._tell(f"{self.model} was saved with {name} {recorded}, and {running} is installed")
        elif running is None and self.policy == "error":  # a library without metadata cannot be compared
            self._tell(f"{self.model} was saved with {name} {recorded}, and which version is here cannot be told")

    def python(self, recorded: str | None) -> None:
        """Compare the Python that a model records with the running one; a different micro version is none (S27)."""
        if self.policy == "ignore":
            return
        running = platform.python_version()
        if recorded is None:
            self._tell(f"{self.model} does not say with which version of Python it was saved; this is {running}")
        elif recorded.split(".")[:2] != running.split(".")[:2]:
            self._tell(f"{self.model} was saved with Python {recorded}, and this is Python {running}")

    def _tell(self, message: str) -> None:
        if self.policy == "error":
            raise ModelFailureError(message, hint="load it in its own environment, or with versions='warn'")
        warnings.warn(message, ModelpackWarning, stacklevel=4)
