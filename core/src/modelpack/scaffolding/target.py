"""The package of a new target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelpack.scaffolding.names import checked_name
from modelpack.scaffolding.packages import NewPackage, write_package

if TYPE_CHECKING:
    import os

    from modelpack.plugins.manager import PluginManager
    from modelpack.scaffolding.licences import Licence


def new_target(
    name: str,
    directory: str | os.PathLike[str] | None = None,
    *,
    licence: Licence = "Apache-2.0",
    plugins: PluginManager,
) -> NewPackage:
    """Write the package of a new target, which puts models into a directory and scores them there.

    Args:
        name: The target's name, as users give it with `--target`.
        directory: The directory to make; `modelpack-deploy-<name>`, here, if None.
        licence: What others may do with the package.
        plugins: What is installed.

    Raises:
        InvalidArgumentError: The name cannot be used.
        AlreadyExistsError: Something stands at the directory, or the name is taken.
    """
    chosen = checked_name("target", name, plugins)
    values = {"subject": f"The target {name}"}
    return write_package(chosen, directory, licence, ("target",), values)
