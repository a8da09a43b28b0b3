"""Every distribution follows one rule for its names, versions and contents."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

Projects = dict[str, dict[str, Any]]


def plugins(projects: Projects) -> Projects:
    """The distributions that are no core."""
    return {folder: project for folder, project in projects.items() if folder != "core"}


def test_all_versions_are_one(projects: Projects) -> None:
    """Core and plugins are released together, under one static number."""
    import modelpack

    assert {project["project"]["version"] for project in projects.values()} == {modelpack.__version__}


def test_plugins_require_this_minor_release_of_core(projects: Projects) -> None:
    """An old core is never installed silently with a new plugin."""
    import modelpack

    major, minor = (int(part) for part in modelpack.__version__.split(".")[:2])
    wanted = re.compile(rf"modelpack-core(\[[a-z,]+\])?>={major}\.{minor},<{major}\.{minor + 1}$")
    for folder, project in plugins(projects).items():
        assert any(wanted.match(line) for line in project["project"]["dependencies"]), folder


def test_names_follow_the_folder(projects: Projects, root: Path) -> None:
    """The distribution is `modelpack-` and the folder; the import package is the same with underscores."""
    for folder, project in plugins(projects).items():
        name = project["project"]["name"]
        assert name == f"modelpack-{Path(folder).name}"
        assert (root / folder / "src" / name.replace("-", "_") / "py.typed").exists(), folder


def test_each_plugin_offers_what_its_name_says(projects: Projects) -> None:
    """`flavor-x` has the flavor x, `deploy-x` the target x, and nothing else in that group."""
    for folder, project in plugins(projects).items():
        kind, _, name = Path(folder).name.partition("-")
        group = {"flavor": "modelpack.flavors", "deploy": "modelpack.targets"}[kind]
        assert list(project["project"]["entry-points"][group]) == [name], folder


def test_every_distribution_has_readme_licence_and_types(projects: Projects, root: Path) -> None:
    """What a user of one distribution alone needs is in it."""
    for folder, project in projects.items():
        assert project["project"]["license"] == "Apache-2.0", folder
        assert (root / folder / "README.md").read_text().startswith("# modelpack-"), folder
        assert (root / folder / "LICENSE").read_text() == (root / "LICENSE").read_text(), folder
