"""What `build_image` answers: what was registered in the workspace."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from modelpack.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelpack_deploy_azureml.workspace import Workspace

_SECONDS = 1800.0
_PAUSE = 2.0


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """A model that was registered in a workspace.

    Attributes:
        name: Its name.
        version: Its version.
        id: Its resource id.
        tags: Its tags.
    """

    name: str
    version: str
    id: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RegisteredImage:
    """An environment whose image Azure builds from the build context that was uploaded.

    Attributes:
        name: Its name.
        version: Its version.
        id: Its resource id.
        tags: Its tags.
        description: What it is for.
    """

    name: str
    version: str
    id: str
    tags: Mapping[str, str]
    description: str | None
    _workspace: Workspace = field(repr=False)

    def wait_for_creation(self, show_output: bool = False) -> None:  # noqa: FBT001, FBT002 - as in the old SDK
        """Wait until the environment is registered. Azure builds the image itself when it is first deployed.

        Raises:
            DeployError: The registration failed, or has not ended after half an hour.
        """
        deadline = time.monotonic() + _SECONDS
        while (state := self._state()) not in {"Succeeded", "Failed", "Canceled"}:
            if show_output:
                print(f"the environment {self.name}:{self.version} is {state}")  # noqa: T201 - asked for
            if time.monotonic() > deadline:
                raise DeployError(f"the environment {self.name}:{self.version} is still {state}", code="timeout")
            time.sleep(_PAUSE)
        if state != "Succeeded":
            raise DeployError(f"the environment {self.name}:{self.version} is {state}", code="failed")
        if show_output:
            print(f"the environment {self.name}:{self.version} is registered")  # noqa: T201 - asked for

    def _state(self) -> str:
        found = self._workspace.arm.get(self._workspace.asset("environments", self.name, self.version)) or {}
        return str(found.get("properties", {}).get("provisioningState", "Succeeded" if found else "Creating"))
