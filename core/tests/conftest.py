"""What core's tests share: a toy flavor, and distributions that are really installed for one test."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

TOYBOX = Path(__file__).parent / "toybox"
sys.path.insert(0, str(TOYBOX))

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from toy_flavor import ToyFlavor
    from toylib import ToyModel

    from modelpack.interfaces import Flavor
    from modelpack.plugins.manager import PluginManager

CORE = "modelpack-core"
TOY = "modelpack-flavor-toy"


@dataclass
class SitePackages:
    """A directory on `sys.path` where a test installs distributions, found by importlib.metadata like any other.

    Attributes:
        directory: The directory; put it in `PYTHONPATH` for a subprocess.
        installed: The names of the distributions that were installed.
    """

    directory: Path
    installed: list[str] = field(default_factory=list)

    def install(
        self,
        distribution: str,
        entry_points: Mapping[str, Mapping[str, str]],
        *,
        files: Mapping[str, str] | None = None,
        version: str = "1.0",
        summary: str = "A plugin made for a test",
    ) -> None:
        """Write a distribution: its modules and its metadata.

        Args:
            distribution: Its name, such as `modelpack-flavor-toy`.
            entry_points: For each group the entry points by name, such as `{"modelpack.flavors": {"toy": "m:flavor"}}`.
            files: The text of each file, such as `{"m.py": "flavor = 1"}`.
            version: Its version.
            summary: Its one-line description.
        """
        for name, text in (files or {}).items():
            path = self.directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        info = self.directory / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        fields = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\nSummary: {summary}\n"
        (info / "METADATA").write_text(fields, encoding="utf-8")
        lines = [
            line
            for group, names in entry_points.items()
            for line in (f"[{group}]", *(f"{name} = {value}" for name, value in names.items()))
        ]
        (info / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.installed.append(distribution)

    def install_toy(self) -> None:
        """Install the toy flavor as the distribution `modelpack-flavor-toy` 1.2.3."""
        files = {path.name: path.read_text(encoding="utf-8") for path in TOYBOX.glob("*.py")}
        groups = {
            "modelpack.flavors": {"toy": "toy_flavor:flavor"},
            "modelpack.model_modules": {"toylib": "toy_flavor:flavor"},
        }
        self.install(TOY, groups, files=files, version="1.2.3", summary="A flavor made for tests")

    def entry_points(self, group: str) -> Iterable[metadata.EntryPoint]:
        """The entry points of core and of what was installed here; other plugins of the environment do not disturb."""
        seen = {CORE, *self.installed}
        return [point for point in metadata.entry_points(group=group) if point.dist and point.dist.name in seen]

    def plugins(self, environ: Mapping[str, str] | None = None) -> PluginManager:
        """A manager that knows core's flavor and what was installed here before it was first asked."""
        from modelpack.plugins.manager import PluginManager

        return PluginManager(entry_points=self.entry_points, environ=environ)


@pytest.fixture(autouse=True)
def modelpack_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `MODELPACK_HOME` of its own for every test, and none of the user's settings."""
    home = tmp_path_factory.mktemp("modelpack-home")
    monkeypatch.setenv("MODELPACK_HOME", str(home))
    for name in ("MODELPACK_DISABLE_PLUGINS", "MODELPACK_TRACE_HOOKS", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[SitePackages]:
    """Where a test installs distributions; what it imported from there is forgotten afterwards."""
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
    from types import ModuleType

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
