"""The workspace that a deployment belongs to: where it is, who asks, and what its resources are called."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, Any

from modelpack.deployments.sharing import Shared
from modelpack.errors import DeployError
from modelpack_deploy_azureml.arm import ResourceManager
from modelpack_deploy_azureml.faults import in_words

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.core.credentials import TokenCredential

    from modelpack_deploy_azureml.arm import Resource
    from modelpack_deploy_azureml.options import AzureMLOptions

_FALLBACKS = {
    "subscription": ("AZUREML_ARM_SUBSCRIPTION", "AZURE_SUBSCRIPTION_ID"),
    "resource_group": ("AZUREML_ARM_RESOURCEGROUP",),
    "workspace": ("AZUREML_ARM_WORKSPACE_NAME",),
}
"""The variables that Azure sets on its own machines."""

_SCORING = {
    "AzureCloud": "https://ml.azure.com/.default",
    "AzureUSGovernment": "https://ml.azure.us/.default",
    "AzureChinaCloud": "https://ml.azure.cn/.default",
}
"""What endpoints ask a token for."""

_OVERRIDE = "AZUREML_DEV_URL_MFE"
"""Leads azure-ai-ml, and so this target, to another place than Azure."""


class Workspace:
    """One workspace. Nothing is asked before it is needed."""

    def __init__(self, options: AzureMLOptions) -> None:
        """Find out which one the options mean.

        Raises:
            DeployError: They do not say, and the environment does not either (`rejected`).
        """
        self._options = options
        self._connections = _CONNECTIONS.of(options)
        self.subscription = _found("subscription", options.subscription)
        self.resource_group = _found("resource_group", options.resource_group)
        self.name = _found("workspace", options.workspace)

    @property
    def path(self) -> str:
        """The path of the workspace; those of its resources begin with it."""
        group = f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"
        return f"{group}/providers/Microsoft.MachineLearningServices/workspaces/{self.name}"

    def endpoint(self, name: str) -> str:
        """The path of an online endpoint."""
        return f"{self.path}/onlineEndpoints/{name}"

    def deployment(self, endpoint: str, name: str) -> str:
        """The path of a deployment behind an endpoint."""
        return f"{self.endpoint(endpoint)}/deployments/{name}"

    def asset(self, kind: str, name: str, version: str) -> str:
        """The path of a version of a model or an environment."""
        return f"{self.path}/{kind}/{name}/versions/{version}"

    @property
    def credential(self) -> TokenCredential:
        """Who asks."""
        return self._connections.credential

    def token(self, *, scoring: bool = False) -> str:
        """A token of the caller's own, for Resource Manager or for endpoints.

        Raises:
            DeployError: Azure does not know who asks (`permission_denied`).
        """
        scopes = (_SCORING[self._options.cloud],) if scoring else self._connections.scopes
        with in_words():
            return str(self.credential.get_token(*scopes).token)

    @property
    def arm(self) -> ResourceManager:
        """Where endpoints and deployments are asked for."""
        return self._connections.arm

    @cached_property
    def facts(self) -> Resource:
        """What Azure says of the workspace.

        Raises:
            DeployError: There is none (`rejected`), or it cannot be looked at.
        """
        found = self.arm.get(self.path)
        if found is None:
            raise DeployError(
                f"there is no workspace {self.name} in the resource group {self.resource_group}",
                code="rejected",
                hint="`az ml workspace list` shows those that there are",
            )
        return found

    @property
    def location(self) -> str:
        """The region."""
        return str(self.facts["location"])

    @cached_property
    def client(self) -> MLClient:
        """Azure's library, which uploads."""
        from azure.ai.ml import MLClient

        return MLClient(
            self.credential,
            self.subscription,
            self.resource_group,
            self.name,
            cloud=self._options.cloud,
            enable_telemetry=False,
            show_progress=False,
        )


class _Connections:
    """Who asks one of Azure's clouds, with the tokens and the connections."""

    def __init__(self, cloud: str) -> None:
        self._cloud = cloud

    @cached_property
    def credential(self) -> TokenCredential:
        """Who asks."""
        from azure.identity import DefaultAzureCredential

        return DefaultAzureCredential(authority=self._authority)

    @cached_property
    def arm(self) -> ResourceManager:
        """Resource Manager."""
        url = os.environ.get(_OVERRIDE) or self._clouds_endpoints["resource_manager"]
        return ResourceManager(url, self.scopes, self.credential)

    @property
    def scopes(self) -> tuple[str, ...]:
        """What Resource Manager asks a token for."""
        return tuple(self._clouds_endpoints["credential_scopes"])

    @property
    def _clouds_endpoints(self) -> dict[str, Any]:
        from azure.core import AzureClouds
        from azure.mgmt.core.tools import get_arm_endpoints

        clouds = {
            "AzureCloud": AzureClouds.AZURE_PUBLIC_CLOUD,
            "AzureUSGovernment": AzureClouds.AZURE_US_GOVERNMENT,
            "AzureChinaCloud": AzureClouds.AZURE_CHINA_CLOUD,
        }
        found: dict[str, Any] = get_arm_endpoints(clouds[self._cloud])
        return found

    @property
    def _authority(self) -> str | None:
        from azure.identity import AzureAuthorityHosts

        hosts: dict[str, str | None] = {
            "AzureCloud": os.environ.get("AZURE_AUTHORITY_HOST"),
            "AzureUSGovernment": AzureAuthorityHosts.AZURE_GOVERNMENT,
            "AzureChinaCloud": AzureAuthorityHosts.AZURE_CHINA,
        }
        return hosts[self._cloud]


_CONNECTIONS: Shared[AzureMLOptions, _Connections] = Shared(lambda options: _Connections(options.cloud))


def has_resource_group(options: AzureMLOptions) -> bool:
    """Whether the options or the environment name a resource group."""
    return _value("resource_group", options.resource_group) is not None


def _value(option: str, given: str | None) -> str | None:
    return given or next(filter(None, map(os.environ.get, _FALLBACKS[option])), None)


def _found(option: str, given: str | None) -> str:
    value = _value(option, given)
    if value is None:
        raise DeployError(
            f"the option {option} is not given, nor is the variable {' or '.join(_FALLBACKS[option])}",
            code="rejected",
            hint=f"give it with -o {option}=…",
        )
    return value
