from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from modelpack.errors import PluginError

if TYPE_CHECKING:
    from site_packages import SitePackages
    from toylib import ToyModel


def a_class(module: str, *bases: type) -> type:
    """A class that says it comes from a module."""
    return type("Model", bases, {"__module__": module})


def claim(site: SitePackages, name: str, *modules: str) -> None:
    """Install a flavor that claims modules, and whose import fails."""
    value = f"never_imported_{name}:flavor"
    groups = {"modelpack.flavors": {name: value}, "modelpack.model_modules": dict.fromkeys(modules, value)}
    site.install(f"modelpack-flavor-{name}", groups)


def test_a_model_is_found_by_the_module_of_its_class(site: SitePackages, toy_model: ToyModel) -> None:
    """The toy library's model belongs to the toy flavor."""
    site.install_toy()
    assert site.plugins().find_flavor(toy_model) == "toy"


def test_the_class_decides_before_its_bases(site: SitePackages) -> None:
    """A class that derives from another library's is its own library's, as `XGBClassifier` is xgboost's."""
    claim(site, "sk", "sk")
    claim(site, "xgb", "xgb")
    estimator = a_class("xgb.sklearn", a_class("sk.base"))
    assert site.plugins().find_flavor(estimator()) == "xgb"


def test_a_class_of_the_user_belongs_to_its_base(site: SitePackages) -> None:
    """A subclass in a notebook is saved by the flavor of the library that it extends."""
    claim(site, "sk", "sk")
    assert site.plugins().find_flavor(a_class("__main__", a_class("sk.base"))()) == "sk"


def test_the_longest_prefix_wins(site: SitePackages) -> None:
    """A flavor for a part of a library takes that part, and no more."""
    claim(site, "whole", "lib")
    claim(site, "part", "lib.trees")
    plugins = site.plugins()
    assert plugins.find_flavor(a_class("lib.trees.deep")()) == "part"
    assert plugins.find_flavor(a_class("lib.treeslike")()) == "whole"


def test_a_prefix_ends_at_a_dot(site: SitePackages) -> None:
    """`library` is not part of `lib`."""
    claim(site, "whole", "lib")
    with pytest.raises(PluginError, match=r"no installed flavor saves a library\.Model"):
        site.plugins().find_flavor(a_class("library")())


def test_nothing_is_imported_to_find_a_flavor(site: SitePackages) -> None:
    """The flavor's module is not needed to know its name; here it does not even exist."""
    claim(site, "ghost", "lib")
    assert site.plugins().find_flavor(a_class("lib")()) == "ghost"


def test_an_unknown_model_is_named_with_what_is_installed(site: SitePackages) -> None:
    """The error names the class and the installed flavors, and the plugin that the library may have."""
    site.install_toy()
    with pytest.raises(PluginError) as caught:
        site.plugins().find_flavor(a_class("xgboost.sklearn")())
    message = "no installed flavor saves a xgboost.sklearn.Model; installed flavors: python_function, toy"
    assert caught.value.message == message
    assert "pip install modelpack-flavor-xgboost" in str(caught.value.hint)
    assert "flavor=" in str(caught.value.hint)


@pytest.mark.parametrize("model", [{"a": 1}, 3, a_class("__main__")()], ids=["dict", "int", "class of __main__"])
def test_no_plugin_is_made_up_for_a_model_without_a_library(site: SitePackages, model: Any) -> None:
    """For Python's own objects and the user's classes the way is a PythonModel, not a pip line."""
    with pytest.raises(PluginError) as caught:
        site.plugins().find_flavor(model)
    assert "PythonModel" in str(caught.value.hint)
    assert "pip" not in str(caught.value.hint)


def test_a_class_is_not_a_model(site: SitePackages) -> None:
    """A forgotten instance is called by its name."""
    with pytest.raises(PluginError, match="Model is a class") as caught:
        site.plugins().find_flavor(a_class("lib"))
    assert caught.value.hint == "save an instance: Model(…)"


def test_two_flavors_for_one_module_are_both_named(site: SitePackages) -> None:
    """The caller chooses; nothing is picked silently."""
    claim(site, "one", "lib")
    claim(site, "two", "lib")
    with pytest.raises(PluginError) as caught:
        site.plugins().find_flavor(a_class("lib")())
    assert "flavor 'one' (modelpack-flavor-one 1.0); flavor 'two' (modelpack-flavor-two 1.0)" in caught.value.message
    assert caught.value.hint == "say which: flavor='one'"


def test_a_disabled_flavor_claims_nothing(site: SitePackages) -> None:
    """Of two flavors for one module the one that is left is taken."""
    claim(site, "one", "lib")
    claim(site, "two", "lib")
    assert site.plugins({"MODELPACK_DISABLE_PLUGINS": "one"}).find_flavor(a_class("lib")()) == "two"


def test_a_claim_that_leads_to_no_flavor_names_its_distribution(site: SitePackages) -> None:
    """A typing error in a plugin's entry points is the plugin's fault, and the error says whose."""
    groups = {"modelpack.flavors": {"odd": "odd:flavor"}, "modelpack.model_modules": {"lib": "odd:flavour"}}
    site.install("modelpack-flavor-odd", groups, version="3.0")
    with pytest.raises(PluginError, match=r"modelpack-flavor-odd 3\.0 claims models of lib for 'odd:flavour'"):
        site.plugins().find_flavor(a_class("lib")())


def test_a_flavor_installed_meanwhile_is_found(site: SitePackages) -> None:
    """A notebook need not restart after `pip install`."""
    plugins = site.plugins()
    with pytest.raises(PluginError):
        plugins.find_flavor(a_class("lib")())
    claim(site, "late", "lib")
    assert plugins.find_flavor(a_class("lib")()) == "late"


def test_a_python_model_belongs_to_python_function(site: SitePackages) -> None:
    """Core's own flavor claims what comes from `modelpack.pyfunc`."""
    model = a_class("__main__", a_class("modelpack.pyfunc.python_model"))()
    assert site.plugins().find_flavor(model) == "python_function"
