"""Machines and quota, looked at before anything is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from azure_simulator import AzureSimulator
from azure_simulator.messages import Call, Reply
from conftest import place

from modelpack import deployments
from modelpack.errors import ModelpackWarning

if TYPE_CHECKING:
    from modelpack import ModelInfo

SIZES = [{"name": "Standard_DS3_v2", "family": "standardDSv2Family", "vCPUs": 4}]


def tell(azure: AzureSimulator, limit: int, used: int) -> None:
    """Let Azure tell of machines and quota, as its real one does for a region."""
    answer = azure._server.answer
    name = {"value": "standardDSv2Family", "localizedValue": "Standard DSv2 Family vCPUs"}
    found = {"vmSizes": SIZES, "usages": [{"name": name, "limit": limit, "currentValue": used}]}

    def answered(call: Call) -> Reply:
        _, where, what = call.path.rpartition("/locations/eastus/")
        return Reply(200, {"value": found[what]}) if where and what in found else answer(call)

    azure._server.answer = answered


def plan(models: tuple[ModelInfo, ModelInfo], azure: AzureSimulator, **options: Any) -> int:
    """How many steps are planned."""
    found = deployments.plan(models[0].path, name="plus", target="azureml", options=place(azure, **options))
    return len(found.steps)


def test_machines_that_the_region_does_not_list_are_a_warning(
    models: tuple[ModelInfo, ModelInfo], azure: AzureSimulator
) -> None:
    """With the way to find others."""
    tell(azure, 100, 0)
    with pytest.warns(ModelpackWarning, match="the region eastus does not list machines Standard_DS3 .*list-sizes"):
        assert plan(models, azure, instance_type="Standard_DS3")


def test_a_quota_that_is_too_small_is_a_warning(models: tuple[ModelInfo, ModelInfo], azure: AzureSimulator) -> None:
    """Azure's reserve is counted: 2 machines of 4 processors need 9.6."""
    tell(azure, 109, 100)
    with pytest.warns(ModelpackWarning, match="Standard DSv2 Family vCPUs has 9 processors left, and 8 are asked for"):
        assert plan(models, azure, instance_count=2)


def test_a_quota_that_is_enough_is_not_mentioned(models: tuple[ModelInfo, ModelInfo], azure: AzureSimulator) -> None:
    """Nor is one that Azure does not tell."""
    assert plan(models, azure)
    tell(azure, 110, 100)
    assert plan(models, azure, instance_count=2)
