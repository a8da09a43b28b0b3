"""`modelpack build`: the container image of a model's scoring server."""

from __future__ import annotations

from dataclasses import asdict
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from modelpack.cli.options import (
    JsonOption,
    ModelArgument,
    ModelOption,
    TrustOption,
    UsageError,
    chosen_model,
    chosen_trust,
)
from modelpack.cli.output import notice, print_json


class Platform(Enum):
    """The values of `--for`: where the image has to run in a way of its own."""

    sagemaker = "sagemaker"


_NOBODY = "10001:10001"

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


def build(  # noqa: PLR0913 - each is one option of the command
    model: ModelArgument = None,
    option: ModelOption = None,
    *,
    tag: TagOption = None,
    flavor: FlavorOption = None,
    base: BaseOption = None,
    python: PythonOption = None,
    platform: PlatformOption = None,
    with_model: WithModelOption = True,
    extra_requirement: ExtraOption = None,
    without_requirement: WithoutOption = None,
    build_secret: SecretOption = None,
    user: UserOption = None,
    platform_rules: ForOption = None,
    engine: EngineOption = None,
    engine_argument: EngineArgumentOption = None,
    context_only: ContextOption = None,
    daemonless: DaemonlessOption = False,
    output: OutputOption = None,
    push: PushOption = False,
    insecure: InsecureOption = None,
    assume_packages: AssumeOption = False,
    trust: TrustOption = None,
    as_json: JsonOption = False,
) -> None:
    """Build a container image that serves a model: its environment, the scoring server, and nothing else."""
    from modelpack.images import (
        Delivery,
        EngineOptions,
        ImageOptions,
        build_image,
        build_model_daemonless,
        write_build_context,
    )

    uri = chosen_model(model, option)
    options = ImageOptions(
        flavor=flavor,
        trust=chosen_trust(trust),
        with_model=with_model,
        python=python,
        extra_requirements=tuple(extra_requirement or ()),
        without_requirements=tuple(without_requirement or ()),
        user=user or ("root" if platform_rules is Platform.sagemaker else _NOBODY),
    )
    if context_only is not None:
        context = write_build_context(uri, context_only, options=options, base=base)
        for note in context.contents.notes:
            notice(f"note: {note}")
        notice(f"wrote {context_only}; to build it: docker build -t {tag or 'NAME'} {context_only}")
        return
    if tag is None:
        raise UsageError("the image has no name", hint="give one with --tag NAME, or --context-only DIR")
    if daemonless:
        if engine or engine_argument or build_secret:
            raise UsageError(
                "no engine builds a --daemonless image",
                hint="leave out --engine, --engine-argument and --build-secret; uv and pip run with your own settings",
            )
        delivery = Delivery(name=tag, output=output, push=push, insecure=frozenset(insecure or ()))
        written = build_model_daemonless(
            uri,
            delivery,
            options=options,
            base=base,
            platform=platform,
            assume_packages=assume_packages,
            progress=notice,
        )
        if as_json:
            print_json(asdict(written))
        notice(f"built {written.name} ({written.digest}) for the model {written.model_digest}")
        return
    if output is not None or push or insecure or assume_packages:
        raise UsageError("--output, --push, --insecure and --assume-packages go with --daemonless")
    engine_options = EngineOptions(
        engine=engine,
        platform=platform,
        arguments=tuple(engine_argument or ()),
        secrets=tuple(build_secret or ()),
    )
    built = build_image(uri, tag, options=options, base=base, engine=engine_options, progress=notice)
    if as_json:
        print_json(
            {"tag": built.tag, "image_id": built.image_id, "model_digest": built.model_digest, "engine": built.engine}
        )
    else:
        notice(f"built {built.tag} ({built.image_id}) for the model {built.model_digest}")
