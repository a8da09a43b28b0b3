"""A target that is really installed, and a model to deploy to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from depot import Depot
from site_packages import TOYBOX

import modelpack.deployments.waiting
from modelpack.package.save import save_model

if TYPE_CHECKING:
    from pathlib import Path

    from site_packages import SitePackages
    from toylib import ToyModel


@pytest.fixture
def depot(site: SitePackages, toy_model: ToyModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Depot:
    """An empty depot; nobody waits long for it."""
    monkeypatch.setattr(modelpack.deployments.waiting, "FIRST_PAUSE", 0.001)
    site.install_toy()
    files = {"depot_target.py": (TOYBOX / "depot_target.py").read_text(encoding="utf-8")}
    site.install("modelpack-deploy-depot", {"modelpack.targets": {"depot": "depot_target:target"}}, files=files)
    plugins = site.plugins()
    first, second = (save_model(toy_model, tmp_path / name, plugins=plugins) for name in ("first", "second"))
    return Depot(first, second, tmp_path / "depot", plugins)
