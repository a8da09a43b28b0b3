"""Distributions that are really installed for one test, found by importlib.metadata like any other."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from modelpack.plugins.manager import PluginManager

TOYBOX = Path(__file__).parent
TOY_FILES = ("toylib.py", "toy_flavor.py")

CORE = "modelpack-core"
TOY = "modelpack-flavor-toy"


@dataclass
class SitePackages:
    """A directory on `sys.path` where a test installs distributions.

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
        files = {name: (TOYBOX / name).read_text(encoding="utf-8") for name in TOY_FILES}
        groups = {
            "modelpack.flavors": {"toy": "toy_flavor:flavor"},
            "modelpack.model_modules": {"toylib": "toy_flavor:flavor"},
        }
        self.install(TOY, groups, files=files, version="1.2.3", summary="A flavor made for tests")

    def install_flavor(self, name: str, body: str, *, version: str = "1.0") -> None:
        """Install `modelpack-flavor-<name>`: a subclass of the toy flavor with a class body of your own.

        Args:
            name: The flavor's name and that of its entry point; the module is `<name>_flavor`.
            body: The lines of the class, in which `hookimpl` and `InvalidArgumentError` are known. `name` is set.
            version: The version of the distribution.
        """
        lines = (f"    {line}" for line in (f"name = {name!r}", *body.splitlines()))
        text = (
            "from modelpack.errors import InvalidArgumentError\nfrom modelpack.hookspecs import hookimpl\n"
            "from toy_flavor import ToyFlavor\n\n\nclass Made(ToyFlavor):\n"
            + "\n".join(lines)
            + "\n\n\nflavor = Made()\n"
        )
        groups = {"modelpack.flavors": {name: f"{name}_flavor:flavor"}}
        self.install(f"modelpack-flavor-{name}", groups, files={f"{name}_flavor.py": text}, version=version)

    def entry_points(self, group: str) -> Iterable[metadata.EntryPoint]:
        """The entry points of core and of what was installed here; other plugins of the environment do not disturb."""
        seen = {CORE, *self.installed}
        return [point for point in metadata.entry_points(group=group) if point.dist and point.dist.name in seen]

    def plugins(self, environ: Mapping[str, str] | None = None) -> PluginManager:
        """A manager that knows core's flavor and what was installed here before it was first asked."""
        from modelpack.plugins.manager import PluginManager

        return PluginManager(entry_points=self.entry_points, environ=environ)
