"""The reference for plugin authors is complete, and its examples run."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from modelpack import contexts, hookspecs
from modelpack.contexts import LoadContext, SaveContext
from modelpack.plugins import dispatch
from modelpack.plugins.validation import ALL_HOOKS

if TYPE_CHECKING:
    from site_packages import SitePackages

REFERENCE = (Path(__file__).parents[3] / "docs" / "hooks.md").read_text(encoding="utf-8")
HOOKS = [name for name, value in vars(hookspecs).items() if hasattr(value, "modelpack_spec")]
FLAVOR, MODULE, WRAPPER = re.findall(r"```python\n(.*?)```", REFERENCE, re.DOTALL)
LINES = """
__version__ = "0.5"
class Line:
    def __init__(self, slope, offset):
        self.slope, self.offset = slope, offset
    def predict(self, data, params=None):
        return data["x"] * self.slope + self.offset
"""


def test_every_hook_is_checked_for() -> None:
    """A hook that is specified belongs to flavors or to targets."""
    assert sorted(ALL_HOOKS) == sorted(HOOKS)


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_documented_with_its_arguments(hook: str) -> None:
    """The heading shows the hook as it is called."""
    arguments = ", ".join(inspect.signature(getattr(hookspecs, hook)).parameters)
    assert f"### `{hook}({arguments})`" in REFERENCE


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_specification_has_an_example(hook: str) -> None:
    """An author copies from it."""
    documentation = inspect.getdoc(getattr(hookspecs, hook)) or ""
    assert f"def {hook}(" in documentation.partition("Example:")[2]


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_a_test(hook: str) -> None:
    """Some test carries the hook's name."""
    source = (Path(__file__).parent / "test_dispatch.py").read_text(encoding="utf-8")
    names = [node.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    assert any(name.startswith(f"test_{hook}_") for name in names)


@pytest.mark.parametrize(
    "context", [contexts.SaveContext, contexts.LoadContext, contexts.BatchContext, contexts.DeployContext]
)
def test_every_field_of_a_context_is_documented(context: Any) -> None:
    """Contexts grow, and the reference with them."""
    table = REFERENCE.partition(f"| `{context.__name__}` |")[2].partition("\n\n")[0]
    missing = [field.name for field in dataclasses.fields(context) if f"| `{field.name}` |" not in table]
    assert not missing


@pytest.mark.parametrize(
    ("text", "value"), [(FLAVOR, "lines_plugin:flavor"), (MODULE, "lines_plugin")], ids=["object", "module"]
)
def test_the_examples_are_plugins(site: SitePackages, tmp_path: Path, text: str, value: str) -> None:
    """Both forms are accepted, save, load and predict."""
    groups = {"modelpack.flavors": {"lines": value}, "modelpack.model_modules": {"lines": value}}
    site.install("modelpack-flavor-lines", groups, files={"lines.py": LINES, "lines_plugin.py": text})
    import lines  # type: ignore[import-not-found]  # installed by this test

    plugins, model = site.plugins(), lines.Line(2.0, 1.0)
    flavor = plugins.flavor(plugins.find_flavor(model))
    options = dispatch.validated_options(flavor, {})
    conf = dispatch.save_model(plugins, flavor, model, SaveContext(path=tmp_path, options=options))
    context: LoadContext[Any] = LoadContext(path=tmp_path, conf=conf, require_trust=print, check_version=_ignore)
    loaded = dispatch.load_model(plugins, flavor, context)
    assert dispatch.pyfunc_adapt(plugins, flavor, loaded, context).predict({"x": 3.0}) == 7.0
    assert flavor.executes_code(conf) is None


def test_the_wrapper_example_runs(site: SitePackages, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It stands round a load and hands the answer on."""
    site.install_toy()
    site.install("acme-audit", {"modelpack.plugins": {"audit": "audit_plugin"}}, files={"audit_plugin.py": WRAPPER})
    (tmp_path / "model.json").write_text('{"weights": {}}', encoding="utf-8")
    plugins = site.plugins()
    flavor = plugins.flavor("toy")
    context: LoadContext[Any] = LoadContext(
        path=tmp_path, conf=flavor.conf_type(), require_trust=print, check_version=_ignore
    )
    with caplog.at_level("INFO", logger="audit"):
        dispatch.load_model(plugins, flavor, context)
    assert caplog.messages == [f"loading {tmp_path}", "loaded a ToyModel"]


def _ignore(*_: object) -> None:
    pass
