"""`modelpack plugins new`: write the package of a flavor or target, to start one's own."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import asdict
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modelpack.cli.options import JsonOption

if TYPE_CHECKING:
    from modelpack.scaffolding.packages import NewPackage

app = typer.Typer(
    help="Write the package of a new flavor or target, to start yours.", no_args_is_help=True, rich_markup_mode=None
)


class LicenceChoice(Enum):
    """The values of `--license`, which are those of `modelpack.scaffolding.licences.Licence`."""

    apache = "Apache-2.0"
    mit = "MIT"
    bsd = "BSD-3-Clause"
    none = "none"


NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="Its name: lower-case letters, digits and underscores.")
]
DirectoryOption = Annotated[
    Path | None,
    typer.Option(
        "--directory",
        "-C",
        metavar="DIR",
        help="The directory to make; named as the distribution, here, if not given.",
        show_default=False,
    ),
]
LicenceOption = Annotated[
    LicenceChoice, typer.Option("--license", help="The licence; with none, package indexes refuse the package.")
]
LibraryOption = Annotated[
    str | None,
    typer.Option(
        "--library",
        metavar="MODULE",
        help="The library whose models it saves, as it is imported. A small one that comes along if not given.",
        show_default=False,
    ),
]
ClassOption = Annotated[
    str | None,
    typer.Option("--class", metavar="CLASS", help="The class of its models: library.module.Class.", show_default=False),
]
DistributionOption = Annotated[
    str | None,
    typer.Option(
        "--distribution",
        metavar="NAME[>=VERSION]",
        help="What pip calls the library; looked up among what is installed if not given.",
        show_default=False,
    ),
]


@app.command("flavor")
def new_flavor(
    name: NameArgument,
    *,
    library: LibraryOption = None,
    model_class: ClassOption = None,
    distribution: DistributionOption = None,
    directory: DirectoryOption = None,
    licence: LicenceOption = LicenceChoice.apache,
    as_json: JsonOption = False,
) -> None:
    """Write a package with a flavor that installs, is found, and is tested by the conformance kit.

    Without --library it is complete: it saves the models of a small library that comes along, and passes its tests.
    """
    from modelpack.plugins.manager import default_manager
    from modelpack.scaffolding import flavor

    written = flavor.new_flavor(
        name,
        directory,
        library=library,
        model_class=model_class,
        distribution=distribution,
        licence=licence.value,
        plugins=default_manager(),
    )
    _report(written, as_json=as_json)


@app.command("target")
def new_target(
    name: NameArgument,
    *,
    directory: DirectoryOption = None,
    licence: LicenceOption = LicenceChoice.apache,
    as_json: JsonOption = False,
) -> None:
    """Write a package with a deployment target that installs, is found, and passes its tests.

    It puts models into a directory and scores them there, until you put your platform in that place.
    """
    from modelpack.plugins.manager import default_manager
    from modelpack.scaffolding import target

    written = target.new_target(name, directory, licence=licence.value, plugins=default_manager())
    _report(written, as_json=as_json)


def _report(written: NewPackage, *, as_json: bool) -> None:
    """Say what was written, and what to type next."""
    from modelpack.cli.output import print_json

    place = _shown(written.directory)
    commands = [f"cd {shlex.quote(place)}", 'pip install -e ".[test]"', "pytest"]
    if as_json:
        print_json(asdict(written) | {"next": commands})
        return
    lines = [f"wrote {len(written.files)} files into {place}; next:", *(f"  {command}" for command in commands)]
    sys.stdout.write("\n".join([*lines, f"then make it yours, beginning with {written.edit}"]) + "\n")


def _shown(directory: str) -> str:
    """The directory as somebody who stands here would type it."""
    relative = os.path.relpath(directory)
    return directory if relative.startswith(os.pardir) else relative
