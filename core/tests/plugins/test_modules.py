from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from modelpack.contexts import LoadContext, SaveContext
from modelpack.deployments.records import LogQuery
from modelpack.errors import DeployError, InvalidArgumentError, PluginError
from modelpack.interfaces import Flavor, FlavorConf, PluginOptions, Target
from modelpack.plugins import dispatch

if TYPE_CHECKING:
    from site_packages import SitePackages

    from modelpack.plugins.manager import PluginManager

FLAVOR = """
from modelpack import hookimpl

@hookimpl
def modelpack_save_model(model, context):
    (context.path / "model.txt").write_text(model)
    return {"data": "model.txt"}

@hookimpl
def modelpack_load_model(context):
    return context.file(context.conf.data).read_text()

@hookimpl
def modelpack_pyfunc_adapt(model):
    return Echo()

class Echo:
    def predict(self, data, params=None):
        return data
"""
FACTS = """
from modelpack import FlavorConf, PluginOptions

class Options(PluginOptions):
    depth: int = 1

options_type = Options
loader_modules = ("mlflow.text",)
requirements = ["packaging"]

def executes_code(conf):
    return f"{conf.data} is a script"

def pyfunc_conf(conf, options):
    return {"depth": options.depth}
"""
TARGET = """
from modelpack import hookimpl

def plan(request): return ("plan", request)
def get(name, options): return ("get", name)
def list(options): return ["list"]
def delete(name, options): pass
def invoke(name, invocation, options): return invocation

@hookimpl
def modelpack_deploy(context): return "deployed"

def logs(name, query, options): return iter([f"log of {name}"])
def submit_batch(request): return f"batch of {request}"
def archive(name): return f"archive of {name}"
"""


def manager_with(site: SitePackages, text: str, group: str = "modelpack.flavors") -> PluginManager:
    """A manager that knows a module as the plugin `text`."""
    site.install("modelpack-text", {group: {"text": "text_plugin"}}, files={"text_plugin.py": text})
    return site.plugins()


def test_a_module_saves_and_loads(site: SitePackages, tmp_path: Path) -> None:
    """Its functions are hooks like the methods of a flavor, with the arguments that they name."""
    plugins = manager_with(site, FLAVOR)
    flavor = plugins.flavor("text")
    conf = dispatch.save_model(plugins, flavor, "hello", SaveContext(path=tmp_path, options=PluginOptions()))
    context: LoadContext[Any] = LoadContext(path=tmp_path, conf=conf, require_trust=print, check_version=print)
    model = dispatch.load_model(plugins, flavor, context)
    assert model == "hello"
    assert dispatch.pyfunc_adapt(plugins, flavor, model, context).predict([1]) == [1]


def test_a_module_is_a_flavor_with_the_name_of_its_entry_point(site: SitePackages) -> None:
    """Core meets one kind of object."""
    flavor = manager_with(site, FLAVOR).flavor("text")
    assert isinstance(flavor, Flavor)
    assert flavor.name == "text"
    assert "text_plugin" in repr(flavor)


def test_a_module_that_says_nothing_counts_as_executing_code(site: SitePackages) -> None:
    """Trust is asked for unless the plugin says that its format is free of code."""
    flavor = manager_with(site, FLAVOR).flavor("text")
    reason = flavor.executes_code(FlavorConf())
    assert reason == "the flavor 'text' does not say that its format is free of code"


def test_a_module_may_say_that_it_runs_nothing(site: SitePackages) -> None:
    """The fact is a name of the module, or a function."""
    flavor = manager_with(site, FLAVOR + "executes_code = None\n").flavor("text")
    assert flavor.executes_code(FlavorConf()) is None
    assert flavor.pyfunc_executes_code(FlavorConf()) is None


def test_facts_that_a_module_leaves_out_have_defaults(site: SitePackages) -> None:
    """No options, no generic view, no requirements."""
    flavor = manager_with(site, FLAVOR).flavor("text")
    assert flavor.loader_modules == ()
    assert flavor.requirements(FlavorConf()) == ()
    assert flavor.pyfunc_conf(FlavorConf(), PluginOptions()) == {}
    with pytest.raises(InvalidArgumentError, match="there is no option 'depth'"):
        dispatch.validated_options(flavor, {"depth": 2})


def test_facts_of_a_module_are_used(site: SitePackages) -> None:
    """Names and functions of the module state what a flavor's attributes and methods do."""
    flavor = manager_with(site, FACTS + FLAVOR).flavor("text")
    conf = FlavorConf.model_validate({"data": "run.sh"})
    assert flavor.loader_modules == ("mlflow.text",)
    assert flavor.requirements(conf) == ["packaging"]
    assert flavor.executes_code(conf) == "run.sh is a script"
    assert flavor.pyfunc_conf(conf, dispatch.validated_options(flavor, {"depth": 3})) == {"depth": 3}


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("modelpack_load_model", "load", "the hook modelpack_load_model is missing"),
        ("@hookimpl\ndef modelpack_pyfunc", "def modelpack_pyfunc", "modelpack_pyfunc_adapt has no @hookimpl"),
        ("pyfunc_adapt(model)", "pyfunc_adapt(native)", "modelpack_pyfunc_adapt takes 'native'"),
    ],
)
def test_faults_of_a_module_are_named(site: SitePackages, old: str, new: str, fault: str) -> None:
    """A module is checked like an object."""
    with pytest.raises(PluginError, match=fault):
        manager_with(site, FLAVOR.replace(old, new)).flavor("text")


def test_another_name_in_the_module_is_a_fault(site: SitePackages) -> None:
    """A name is not needed; a wrong one is refused."""
    with pytest.raises(PluginError, match="its name is 'txt', and its entry point is called 'text'"):
        manager_with(site, FLAVOR + "name = 'txt'\n").flavor("text")


def test_a_module_is_a_target(site: SitePackages) -> None:
    """Its verbs are its functions; those that core does not know pass through."""
    target: Any = manager_with(site, TARGET, "modelpack.targets").target("text")
    options = PluginOptions()
    assert issubclass(type(target), Target)
    assert target.plan("wish") == ("plan", "wish")
    assert target.get("n", options) == ("get", "n")
    assert target.list(options) == ["list"]
    assert target.delete("n", options) is None
    assert target.invoke("n", "invocation", options) == "invocation"
    assert target.modelpack_deploy(context=None) == "deployed"
    assert list(target.logs("n", LogQuery(), options)) == ["log of n"]
    assert target.submit_batch("n") == "batch of n"
    assert target.archive("n") == "archive of n"


def test_a_verb_that_a_target_module_may_lack_is_unsupported(site: SitePackages) -> None:
    """Its user is told so by name, as by any other target."""
    target: Any = manager_with(site, TARGET, "modelpack.targets").target("text")
    with pytest.raises(DeployError, match="the target 'text' does not divide traffic") as raised:
        target.set_traffic("n", {"a": 100.0}, PluginOptions())
    assert raised.value.code == "unsupported"
    assert target.check("wish") == ()


def test_a_verb_that_a_target_module_lacks_is_named(site: SitePackages) -> None:
    """Core would call it after something was deployed, which is too late to find out."""
    with pytest.raises(PluginError, match="the function delete is missing"):
        manager_with(site, TARGET.replace("def delete", "def remove"), "modelpack.targets").target("text")
