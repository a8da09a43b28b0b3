"""`modelpack deployments`: what stands at a target, and what can be done with it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelpack.cli import batch_jobs
from modelpack.cli.options import JsonOption, UsageError
from modelpack.cli.output import notice, print_json, print_table
from modelpack.cli.target_options import (
    NoWaitOption,
    OptionOption,
    OptionsFileOption,
    TargetOption,
    TimeoutOption,
    chosen_options,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelpack.deployments.records import Deployment

app = typer.Typer(help="Show and use what is deployed.", no_args_is_help=True, rich_markup_mode=None)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The deployment's name.")]


@app.command("list")
def list_deployments(
    *,
    target: TargetOption,
    options: OptionOption = None,
    options_file: OptionsFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the deployments that modelpack made at a target."""
    from modelpack.deployments.verbs import list_deployments as found_at

    found = found_at(target=target, options=chosen_options(target, options, options_file))
    if as_json:
        print_json([_plain(each) for each in found])
    elif found:
        print_table(("NAME", "STATE", "ENDPOINT", "DIGEST"), map(_row, found))
    else:
        notice(f"modelpack has deployed nothing to {target} yet")


@app.command("get")
def get(
    name: NameArgument,
    *,
    target: TargetOption,
    options: OptionOption = None,
    options_file: OptionsFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what stands under a name."""
    from modelpack.deployments import verbs

    deployment = verbs.get(name, target=target, options=chosen_options(target, options, options_file))
    if as_json:
        print_json(_plain(deployment))
    else:
        print_table(("FACT", "VALUE"), _facts(deployment))


@app.command("invoke")
def invoke(
    name: NameArgument,
    *,
    target: TargetOption,
    options: OptionOption = None,
    options_file: OptionsFileOption = None,
    input_path: Annotated[
        str, typer.Option("--input-path", "-i", metavar="FILE", help="The request's body; - is standard input.")
    ] = "-",
    content_type: Annotated[
        str | None,
        typer.Option("--content-type", "-t", metavar="TYPE", help="Its media type; by default by the file's suffix."),
    ] = None,
    accept: Annotated[
        str | None, typer.Option("--accept", metavar="TYPE", help="The media type that the answer shall have.")
    ] = None,
) -> None:
    """Send one request to a deployment and print its answer."""
    from modelpack.deployments import verbs

    body, media_type = _body(input_path, content_type)
    answer = verbs.invoke(
        name,
        body,
        content_type=media_type,
        accept=accept,
        target=target,
        options=chosen_options(target, options, options_file),
    )
    sys.stdout.buffer.write(answer.body)
    if sys.stdout.isatty() and not answer.body.endswith(b"\n"):
        sys.stdout.write("\n")


@app.command("logs")
def logs(
    name: NameArgument,
    *,
    target: TargetOption,
    options: OptionOption = None,
    options_file: OptionsFileOption = None,
    lines: Annotated[int, typer.Option("--lines", min=0, help="How many of the last lines.")] = 100,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with the lines that come.")] = False,
) -> None:
    """Print a deployment's log."""
    from modelpack.deployments import verbs

    chosen = chosen_options(target, options, options_file)
    for line in verbs.logs(name, lines=lines, follow=follow, target=target, options=chosen):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


@app.command("set-traffic")
def set_traffic(
    name: NameArgument,
    shares: Annotated[list[str], typer.Argument(metavar="VARIANT=PERCENT...", help="Each variant's share.")],
    *,
    target: TargetOption,
    options: OptionOption = None,
    options_file: OptionsFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Divide the requests among a deployment's variants."""
    from modelpack.deployments import verbs

    traffic = dict(map(_share, shares))
    chosen = chosen_options(target, options, options_file)
    deployment = verbs.set_traffic(name, traffic, target=target, options=chosen)
    if as_json:
        print_json(_plain(deployment))
    else:
        print_table(("FACT", "VALUE"), _facts(deployment))


@app.command("delete")
def delete(
    name: NameArgument,
    *,
    target: TargetOption,
    options: OptionOption = None,
    options_file: OptionsFileOption = None,
    no_wait: NoWaitOption = False,
    timeout: TimeoutOption = 600.0,
) -> None:
    """Remove a deployment and all that was made for it; a second time there is nothing to do."""
    from modelpack.deployments import verbs

    chosen = chosen_options(target, options, options_file)
    verbs.delete(name, target=target, options=chosen, wait=not no_wait, timeout=timeout, progress=notice)
    notice(f"{name} is being deleted" if no_wait else f"{name} is not deployed to {target} any more")


app.command("submit-batch")(batch_jobs.submit_batch)
app.command("get-batch")(batch_jobs.get_batch)


def _plain(deployment: Deployment) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(deployment)


def _row(deployment: Deployment) -> tuple[str, ...]:
    return deployment.name, deployment.state, deployment.endpoint or "", deployment.digest or ""


def _facts(deployment: Deployment) -> Iterator[tuple[str, str]]:
    for fact, value in _plain(deployment).items():
        if fact == "details":
            yield from ((key, str(detail)) for key, detail in value.items())
        elif fact == "variants":
            yield from ((f"variant {each['name']}", f"{each['traffic']:g} % {each['digest'] or ''}") for each in value)
        elif value is not None:
            yield fact, str(value)


def _body(path: str, content_type: str | None) -> tuple[bytes, str]:
    from modelpack.batch.streams import opened_source
    from modelpack.data.codecs import codec_for_file, named_codec

    if content_type is not None:
        media_type = str(named_codec(content_type)[1])
    elif path == "-":
        raise UsageError("standard input has no suffix", hint="name its media type with --content-type")
    else:
        media_type = codec_for_file(Path(path)).media_types[0]
    with opened_source(path) as stream:
        return stream.read(), media_type


def _share(text: str) -> tuple[str, float]:
    variant, equals, percent = text.partition("=")
    try:
        share = float(percent)
    except ValueError:
        share = None
    if not variant or not equals or share is None:
        raise UsageError(f"{text!r} is no share of the traffic", hint="for example: blue=90 green=10")
    return variant, share
