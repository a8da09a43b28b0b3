"""Each test installs a plugin with one fault and reads the error that its author would read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modelpack.errors import PluginError

if TYPE_CHECKING:
    from site_packages import SitePackages

TARGET = """
from modelpack import PluginOptions, Target, hookimpl

class Shelf(Target):
    name = "shelf"
    options_type = PluginOptions
    def plan(self, request): ...
    def get(self, name, options): ...
    def list(self, options): ...
    def delete(self, name, options): ...
    def invoke(self, name, invocation, options): ...
    @hookimpl
    def modelpack_deploy(self, context): ...

target = Shelf()
"""


def fault_of(site: SitePackages, body: str) -> str:
    """What the manager says of a flavor with this class body."""
    site.install_flavor("odd", body)
    with pytest.raises(PluginError) as caught:
        site.plugins().flavor("odd")
    message = caught.value.message
    assert message.startswith("flavor 'odd' (modelpack-flavor-odd 1.0) ")
    return message.removeprefix("flavor 'odd' (modelpack-flavor-odd 1.0) ").removeprefix("is not valid: ")


def test_a_correct_flavor_has_no_fault(site: SitePackages) -> None:
    """The flavor that the broken ones are made of is accepted."""
    site.install_flavor("odd", "pass")
    assert site.plugins().flavor("odd").name == "odd"


def test_a_correct_target_has_no_fault(site: SitePackages) -> None:
    """Targets are loaded from their own group."""
    site.install("modelpack-deploy-shelf", {"modelpack.targets": {"shelf": "s:target"}}, files={"s.py": TARGET})
    assert site.plugins().target("shelf").name == "shelf"


def test_a_forgotten_hookimpl_is_named(site: SitePackages) -> None:
    """Pluggy would silently not call it."""
    fault = fault_of(site, "def modelpack_load_model(self, context): ...")
    assert fault == "modelpack_load_model has no @hookimpl, so it is no hook"


def test_a_wrong_argument_is_named_with_the_right_ones(site: SitePackages) -> None:
    """The nearest argument is suggested."""
    fault = fault_of(site, "@hookimpl\ndef modelpack_save_model(self, modl, context): ...")
    assert fault == (
        "modelpack_save_model takes 'modl', which is none of its arguments (model, context); did you mean 'model'?"
    )


def test_an_argument_with_a_default_is_named(site: SitePackages) -> None:
    """Pluggy never passes an argument that has a default, so the flavor would get the default for ever."""
    fault = fault_of(site, "@hookimpl\ndef modelpack_load_model(self, context=None): ...")
    assert fault == "modelpack_load_model gives 'context' a default value, which a hook's argument cannot have"


@pytest.mark.parametrize("collector", ["*arguments", "**arguments"])
def test_collected_arguments_are_named(site: SitePackages, collector: str) -> None:
    """A hook passes the arguments that are named, so a collector would stay empty."""
    fault = fault_of(site, f"@hookimpl\ndef modelpack_load_model(self, {collector}): ...")
    assert fault == f"modelpack_load_model takes '{collector}'; name the arguments of the hook: context"


def test_fewer_arguments_are_no_fault(site: SitePackages) -> None:
    """An implementation leaves out what it does not need."""
    site.install_flavor("odd", "@hookimpl\ndef modelpack_pyfunc_adapt(self, model): return model")
    assert site.plugins().flavor("odd").name == "odd"


def test_a_misspelt_hook_is_named(site: SitePackages) -> None:
    """A hook that nobody calls is a typing error."""
    fault = fault_of(site, "@hookimpl\ndef modelpack_load_modle(self, context): ...")
    assert fault == "modelpack_load_modle is no hook; did you mean modelpack_load_model?"


def test_a_missing_hook_is_named(site: SitePackages) -> None:
    """An override with None takes a hook away as surely as a module without it."""
    assert fault_of(site, "modelpack_pyfunc_adapt = None") == "the hook modelpack_pyfunc_adapt is missing"


def test_an_abstract_flavor_names_the_missing_hook(site: SitePackages) -> None:
    """Python refuses to make an incomplete flavor, and its words come through."""
    text = "from modelpack import Flavor\nclass Bare(Flavor):\n    name = 'bare'\nflavor = Bare()\n"
    site.install("modelpack-flavor-bare", {"modelpack.flavors": {"bare": "bare:flavor"}}, files={"bare.py": text})
    with pytest.raises(PluginError, match=r"could not be imported .*abstract method.* '?modelpack_load_model"):
        site.plugins().flavor("bare")


def test_a_wrapper_among_a_flavors_hooks_is_named(site: SitePackages) -> None:
    """A wrapper never answers, so it belongs in a plugin of its own."""
    fault = fault_of(site, "@hookimpl(wrapper=True)\ndef modelpack_load_model(self, context): return (yield)")
    assert fault.startswith("modelpack_load_model is declared a wrapper; wrappers belong in a plugin of the group")


def test_another_name_than_the_entry_points_is_named(site: SitePackages) -> None:
    """`MLmodel` would say one name and the installation another."""
    assert fault_of(site, "name = 'even'") == "its name is 'even', and its entry point is called 'odd'"


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("options_type = None", "it has no options_type"),
        ("conf_type = dict", "its conf_type is <class 'dict'>, not a subclass of modelpack.FlavorConf"),
        ("options_type = {}", "its options_type is {}, not a subclass of modelpack.PluginOptions"),
        ("loader_modules = ('mlflow.odd')", "its loader_modules is 'mlflow.odd', not a tuple of module names"),
    ],
)
def test_a_wrong_fact_is_named(site: SitePackages, body: str, fault: str) -> None:
    """Facts have a form that core relies on; the last case is a tuple with its comma forgotten."""
    assert fault_of(site, body) == fault


def test_all_faults_are_told_at_once(site: SitePackages) -> None:
    """An author fixes them in one go."""
    body = "def modelpack_load_model(self, context): ...\n@hookimpl\ndef modelpack_save_model(self, m, context): ..."
    fault = fault_of(site, body)
    assert "modelpack_load_model has no @hookimpl" in fault
    assert "modelpack_save_model takes 'm'" in fault


def test_a_class_is_told_from_its_instance(site: SitePackages) -> None:
    """The most common mistake in an entry point has its own error."""
    site.install_flavor("odd", "pass")
    site.install("other", {"modelpack.flavors": {"uncalled": "odd_flavor:Made"}}, version="2.0")
    with pytest.raises(PluginError) as caught:
        site.plugins().flavor("uncalled")
    assert caught.value.message == (
        "flavor 'uncalled' (other 2.0) is the class Made, not an instance of it: forgot the ()?"
    )
    assert caught.value.hint == "let the entry point refer to an instance, as in `flavor = Made()`"


@pytest.mark.parametrize(
    ("value", "what"), [("os:getcwd", "builtin_function_or_method"), ("s:target", "Shelf"), ("os:environ", "_Environ")]
)
def test_what_is_no_flavor_is_refused(site: SitePackages, value: str, what: str) -> None:
    """A function, a target in the wrong group, anything else."""
    site.install("other", {"modelpack.flavors": {"odd": value}}, files={"s.py": TARGET})
    with pytest.raises(PluginError, match=rf"\(other 1\.0\) is a {what}, neither an instance of modelpack\.Flavor"):
        site.plugins().flavor("odd")


def test_an_error_points_to_the_reference(site: SitePackages) -> None:
    """The author finds the hooks and an example."""
    site.install_flavor("odd", "name = 'even'")
    with pytest.raises(PluginError) as caught:
        site.plugins().flavor("odd")
    assert "docs/hooks.md" in str(caught.value.hint)
