from __future__ import annotations

import json
import subprocess
import sys
from importlib import metadata
from typing import TYPE_CHECKING

import pytest

from modelpack.plugins.discovery import Discovery, installed_entry_points

if TYPE_CHECKING:
    from site_packages import SitePackages


def test_a_record_says_what_the_metadata_says(site: SitePackages) -> None:
    """Name, distribution, version and summary come from the metadata of the distribution."""
    site.install("modelpack-flavor-a", {"modelpack.flavors": {"a": "a:flavor"}}, version="2.1", summary="Alpha")
    (record,) = Discovery(site.entry_points, {}).named("flavor", "a")
    assert (record.distribution, record.version, record.summary) == ("modelpack-flavor-a", "2.1", "Alpha")
    assert str(record) == "flavor 'a' (modelpack-flavor-a 2.1)"


def test_nothing_is_imported_to_list(site: SitePackages) -> None:
    """A plugin whose import fails is listed like any other."""
    site.install("broken", {"modelpack.targets": {"b": "broken_module"}}, files={"broken_module.py": "raise OSError"})
    assert [record.name for record in Discovery(site.entry_points, {}).records("target")] == ["b", "local"]
    assert "broken_module" not in sys.modules


def test_kinds_are_kept_apart(site: SitePackages) -> None:
    """A name may stand for a flavor and for a target."""
    site.install("both", {"modelpack.flavors": {"spark": "m:f"}, "modelpack.targets": {"spark": "m:t"}})
    discovery = Discovery(site.entry_points, {})
    assert [record.value for record in discovery.named("flavor", "spark")] == ["m:f"]
    assert [record.value for record in discovery.named("target", "spark")] == ["m:t"]


@pytest.mark.parametrize("setting", ["a", " a , other", "modelpack-flavor-a", "Modelpack_Flavor_A"])
def test_a_plugin_is_disabled_by_its_name_or_distribution(site: SitePackages, setting: str) -> None:
    """`MODELPACK_DISABLE_PLUGINS` takes both, in any spelling that package indexes take for one."""
    site.install("modelpack-flavor-a", {"modelpack.flavors": {"a": "a:flavor"}})
    (record,) = Discovery(site.entry_points, {"MODELPACK_DISABLE_PLUGINS": setting}).named("flavor", "a")
    assert record.disabled


@pytest.mark.parametrize("setting", ["", ",", "ab", "modelpack-flavor"])
def test_other_names_disable_nothing(site: SitePackages, setting: str) -> None:
    """Only a whole name counts."""
    site.install("modelpack-flavor-a", {"modelpack.flavors": {"a": "a:flavor"}})
    (record,) = Discovery(site.entry_points, {"MODELPACK_DISABLE_PLUGINS": setting}).named("flavor", "a")
    assert not record.disabled


def test_metadata_that_is_missing_hides_no_plugin(site: SitePackages) -> None:
    """A half-removed distribution with entry points and no METADATA is listed, and the others with it."""
    site.install("gone", {"modelpack.flavors": {"a": "a:flavor"}})
    (site.directory / "gone-1.0.dist-info" / "METADATA").unlink()
    found = [metadata.EntryPoint("bare", "m:f", "modelpack.flavors")]  # one without a distribution
    found += [point for point in metadata.entry_points(group="modelpack.flavors") if point.name == "a"]
    records = Discovery(lambda _: found, {}).records("flavor")
    assert [(record.name, record.distribution) for record in records] == [
        ("a", "an unnamed distribution"),
        ("bare", "an unnamed distribution"),
    ]


def test_what_is_installed_later_is_found_after_a_refresh(site: SitePackages) -> None:
    """What was read is kept until it is asked to be read again."""
    discovery = Discovery(site.entry_points, {})
    assert not discovery.named("flavor", "late")
    site.install("modelpack-flavor-late", {"modelpack.flavors": {"late": "m:f"}})
    assert not discovery.named("flavor", "late")
    discovery.refresh()
    assert discovery.named("flavor", "late")


def test_the_running_environment_is_read_by_default(site: SitePackages) -> None:
    """Core's own flavor and a distribution on `sys.path` are both there."""
    site.install_toy()
    assert {"python_function", "toy"} <= {point.name for point in installed_entry_points("modelpack.flavors")}


def test_discovery_loads_nothing_but_the_standard_library(site: SitePackages) -> None:
    """Listing the plugins of an environment in a fresh interpreter loads neither pluggy nor pydantic nor a plugin."""
    site.install_toy()
    program = (
        "import json, sys\nfrom modelpack.plugins.manager import PluginManager\n"
        "names = [record.name for record in PluginManager().records()]\n"
        "print(json.dumps([names, sorted({name.partition('.')[0] for name in sys.modules})]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(site.directory)},
        capture_output=True,
        text=True,
        check=True,
    )
    names, modules = json.loads(done.stdout)
    assert "toy" in names
    assert not {"pluggy", "pydantic", "numpy", "pandas", "toy_flavor", "rich"}.intersection(modules)
