"""What core's tests share: a toy flavor, and distributions that are really installed for one test."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from modelpack.testing.fixtures import modelpack_home  # noqa: F401 - a fixture

settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)  # a change is judged by what it changes
settings.load_profile("ci" if os.environ.get("CI") else "local")

sys.path.insert(0, str(Path(__file__).parent / "toybox"))

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in the background of a script; processes inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from site_packages import SitePackages
    from toy_flavor import ToyFlavor
    from toylib import ToyModel

    from modelpack.interfaces import Flavor
    from modelpack.plugins.manager import PluginManager


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[SitePackages]:
    """Where a test installs distributions; what it imported from there is forgotten afterwards."""
    from site_packages import SitePackages

    directory = tmp_path_factory.mktemp("site-packages")
    monkeypatch.syspath_prepend(directory)
    known = set(sys.modules)
    yield SitePackages(directory)
    for name in set(sys.modules) - known:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(directory)):
            del sys.modules[name]


@pytest.fixture
def toy_flavor() -> ToyFlavor:
    """A complete and correct flavor for `ToyModel`."""
    from toy_flavor import flavor

    return flavor


@pytest.fixture
def toy_model() -> ToyModel:
    """A model of the toy library: 2 x + 0.5 y + 1."""
    from toylib import ToyModel

    return ToyModel({"x": 2.0, "y": 0.5}, bias=1.0)


@pytest.fixture
def toy_plugins(site: SitePackages) -> PluginManager:
    """A manager that knows the flavors `toy` and `python_function`, both really installed."""
    site.install_toy()
    return site.plugins()


@pytest.fixture
def make_flavor() -> Callable[..., Flavor[Any, Any]]:
    """Make a further flavor: the toy flavor under another name, with attributes and methods of your own.

    `make_flavor("risky", executes_code=lambda self, conf: "it is a pickle")` answers an instance. A method that is a
    hook is given its `@hookimpl` here.
    """
    from toy_flavor import ToyFlavor

    from modelpack.hookspecs import hookimpl

    def make(name: str, **attributes: Any) -> Flavor[Any, Any]:
        marked = {key: hookimpl(value) if key.startswith("modelpack_") else value for key, value in attributes.items()}
        made: Flavor[Any, Any] = type(f"{name.title()}Flavor", (ToyFlavor,), {"name": name, **marked})()
        return made

    return make


@pytest.fixture
def install_flavors(site: SitePackages, monkeypatch: pytest.MonkeyPatch) -> Callable[..., PluginManager]:
    """Install flavor objects beside the toy flavor and answer a manager that knows them all.

    Each becomes a distribution `modelpack-flavor-<name>` 1.0.
    """

    def install(*flavors: Flavor[Any, Any]) -> PluginManager:
        site.install_toy()
        for flavor in flavors:
            module = ModuleType(f"installed_{flavor.name}")
            vars(module)["flavor"] = flavor
            monkeypatch.setitem(sys.modules, module.__name__, module)
            groups = {"modelpack.flavors": {flavor.name: f"{module.__name__}:flavor"}}
            site.install(f"modelpack-flavor-{flavor.name}", groups)
        return site.plugins()

    return install
