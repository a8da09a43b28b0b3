"""What the options refuse before anything is asked of Azure."""

from __future__ import annotations

from typing import Any

import pytest

from modelpack.errors import DeployError, InvalidArgumentError
from modelpack.plugins.options import validated_options
from modelpack_deploy_azureml.naming import is_endpoint_name
from modelpack_deploy_azureml.options import AzureMLOptions
from modelpack_deploy_azureml.target import target
from modelpack_deploy_azureml.workspace import Workspace

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"instance_typ": "x"}, "did you mean 'instance_type'"),
    ({"image": "a", "base_image": "b"}, "exclude each other"),
    ({"kind": "aci"}, "Azure has removed web services on ACI and AKS; use kind=managed"),
    ({"kind": "aks"}, "attached as a compute"),
    ({"kind": "kubernetes"}, "needs compute"),
    ({"compute": "cluster"}, "compute needs kind=kubernetes"),
    ({"autoscaling": {"max_instances": 3}}, "az monitor autoscale"),
    ({"kind": "kubernetes", "compute": "c", "egress": False}, "egress=false needs kind=managed"),
    ({"kind": "kubernetes", "compute": "c", "mirror": 5, "traffic": 0}, "mirror needs kind=managed"),
    ({"mirror": 5}, "mirror needs traffic=0"),
    ({"mirror": 60, "traffic": 0}, "less than or equal to 50"),
    ({"request_timeout": 200}, "more than the 180 s of managed endpoints"),
    ({"instance_count": 51}, "less than or equal to 50"),
    ({"tags": {"modelpack-digest": "x"}}, "modelpack's own"),
    ({"tags": {"a<b": "x"}}, "Azure takes no tag"),
    ({"identity": "me"}, "should match pattern"),
    ({"kind": "kubernetes", "compute": "c", "autoscaling": {"min_instances": 3}}, "is less than min_instances 3"),
]


@pytest.mark.parametrize(("options", "reason"), REFUSED, ids=[reason for _, reason in REFUSED])
def test_what_azure_would_refuse_is_refused(options: dict[str, Any], reason: str) -> None:
    """With the value, the limit and the way out."""
    with pytest.raises(InvalidArgumentError) as caught:
        validated_options(target, options)
    assert reason in caught.value.message


def test_options_are_read_from_text() -> None:
    """As the command line gives them."""
    options = validated_options(target, {"instance_count": "3", "public_access": "false", "request_timeout": "30"})
    assert isinstance(options, AzureMLOptions)
    assert (options.instance_count, options.public_access, options.request_timeout) == (3, False, 30.0)


@pytest.mark.parametrize("name", ["wine", "wine-2", "w2e", "a" * 32])
def test_names_that_azure_takes_are_taken(name: str) -> None:
    """Letters, digits, single dashes."""
    assert is_endpoint_name(name)


@pytest.mark.parametrize("name", ["w", "wi", "2wine", "-wine", "wine-", "wi--ne", "wi_ne", "wi.ne", "Wine", "a" * 33])
def test_names_that_azure_refuses_are_refused(name: str) -> None:
    """And those in capitals, which it would take for others."""
    assert not is_endpoint_name(name)


def test_a_workspace_that_nobody_names_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the option and the variables."""
    for name in ("AZUREML_ARM_SUBSCRIPTION", "AZURE_SUBSCRIPTION_ID"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(DeployError, match="the option subscription is not given, nor is the variable AZUREML_ARM_SUB"):
        Workspace(AzureMLOptions())


def test_the_environment_names_the_workspace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Azure sets these variables on its own machines."""
    for name, value in {"SUBSCRIPTION": "s", "RESOURCEGROUP": "g", "WORKSPACE_NAME": "w"}.items():
        monkeypatch.setenv(f"AZUREML_ARM_{name}", value)
    assert Workspace(AzureMLOptions()).path.endswith(
        "/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
    )


def test_the_time_to_start_is_the_readiness_probe() -> None:
    """Unless the caller says it himself."""
    assert AzureMLOptions(start_timeout=95).readiness_probe().failure_threshold == 10
    options = validated_options(target, {"readiness": {"failure_threshold": 3}})
    assert isinstance(options, AzureMLOptions)
    assert options.readiness_probe().failure_threshold == 3
