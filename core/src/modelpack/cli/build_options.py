"""The options of `modelpack build`."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer


class Platform(Enum):
    """The values of `--for`: where the image has to run in a way of its own."""

    sagemaker = "sagemaker"


TagOption = Annotated[
    str | None,
    typer.Option("--tag", "-t", metavar="NAME", help="The image's name, such as wine:3.", show_default=False),
]
FlavorOption = Annotated[
    str | None, typer.Option("--flavor", metavar="NAME", help="Whose view to serve, if the model has several flavors.")
]
BaseOption = Annotated[
    str | None,
    typer.Option("--base", metavar="IMAGE", help="The image to build upon.", show_default="python:3.X-slim"),
]
PythonOption = Annotated[
    str | None,
    typer.Option("--python", metavar="3.X", help="The version of Python.", show_default="the one of the model"),
]
PlatformOption = Annotated[
    str | None, typer.Option("--platform", metavar="OS/ARCH", help="What the image is for, such as linux/arm64.")
]
WithModelOption = Annotated[
    bool,
    typer.Option(
        "--with-model/--without-model",
        help="Copy the model into the image, or leave it to be mounted at /opt/ml/model.",
    ),
]
ExtraOption = Annotated[
    list[str] | None,
    typer.Option(
        "--extra-requirement",
        metavar="REQUIREMENT",
        help="Install this too, or in place of the model's line for it; a wheel's file, too. Repeatable.",
    ),
]
WithoutOption = Annotated[
    list[str] | None,
    typer.Option("--without-requirement", metavar="NAME", help="Leave out a package of the model's. Repeatable."),
]
SecretOption = Annotated[
    list[str] | None,
    typer.Option(
        "--build-secret",
        metavar="VARIABLE[=FILE]",
        help="Give the build PIP_INDEX_URL, PIP_EXTRA_INDEX_URL, PIP_CONFIG_FILE, NETRC or SSL_CERT_FILE, from the "
        "environment or a file, and the image nothing of it. Repeatable.",
    ),
]
UserOption = Annotated[
    str | None,
    typer.Option("--user", metavar="UID[:GID]|root", help="Who the server runs as.", show_default="10001:10001"),
]
ForOption = Annotated[
    Platform | None, typer.Option("--for", help="Follow the rules of a platform; SageMaker wants root.")
]
EngineOption = Annotated[
    str | None,
    typer.Option(
        "--engine",
        metavar="docker|podman|buildah",
        help="What builds the image.",
        show_default="the first that is installed",
    ),
]
EngineArgumentOption = Annotated[
    list[str] | None,
    typer.Option(
        "--engine-argument",
        metavar="ARGUMENT",
        help="Pass this to the engine, as --engine-argument=--no-cache. Repeatable.",
    ),
]
ContextOption = Annotated[
    Path | None,
    typer.Option("--context-only", metavar="DIR", help="Write the Dockerfile and what it copies; build nothing."),
]
DaemonlessOption = Annotated[
    bool, typer.Option("--daemonless", help="Write the image without an engine, the same bytes every time.")
]
OutputOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="DIR|FILE.tar", help="With --daemonless: where the OCI layout goes."),
]
PushOption = Annotated[
    bool, typer.Option("--push", help="With --daemonless: push the image to the registry that its name says.")
]
InsecureOption = Annotated[
    list[str] | None,
    typer.Option("--insecure", metavar="HOST[:PORT]", help="Speak HTTP to this registry. Repeatable."),
]
AssumeOption = Annotated[
    bool,
    typer.Option(
        "--assume-packages", help="With --daemonless: the base has the system packages, whatever its layers say."
    ),
]
