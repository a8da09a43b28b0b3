"""`modelpack deploy` and `modelpack run-local`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelpack.cli.options import JsonOption, ModelArgument, ModelOption, UsageError, chosen_model
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

    from modelpack.deployments.records import Deployment, Plan, Step

NameOption = Annotated[str | None, typer.Option("--name", "-n", metavar="NAME", help="The deployment's name.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")]
ExportOption = Annotated[
    str | None,
    typer.Option(
        "--export",
        metavar="DIR",
        help="Write what would be asked of the platform as its own documents, and change nothing; - prints them.",
    ),
]
HelpOptionsOption = Annotated[bool, typer.Option("--help-options", help="Show the target's options.")]
SIGNS = {"create": "+", "delete": "-", "replace": "±"}


def deploy(  # noqa: PLR0913 - each is one option of the command
    model: ModelArgument = None,
    option: ModelOption = None,
    *,
    target: TargetOption,
    name: NameOption = None,
    options: OptionOption = None,
    options_file: OptionsFileOption = None,
    dry_run: DryRunOption = False,
    export: ExportOption = None,
    no_wait: NoWaitOption = False,
    timeout: TimeoutOption = 1200.0,
    help_options: HelpOptionsOption = False,
    as_json: JsonOption = False,
) -> None:
    """Deploy a model to a target, or bring a deployment up to date; the same command again changes nothing."""
    if help_options:
        _show_options(target, as_json=as_json)
        return
    uri, chosen_name = chosen_model(model, option), _chosen_name(name)
    chosen: dict[str, Any] = {"target": target, "name": chosen_name}
    chosen["options"] = chosen_options(target, options, options_file)
    if export is not None:
        _export(uri, export, chosen)
    elif dry_run:
        _show_plan(uri, chosen, as_json=as_json)
    else:
        _deploy(uri, chosen, wait=not no_wait, timeout=timeout, as_json=as_json)


def run_local(
    model: ModelArgument = None,
    option: ModelOption = None,
    *,
    target: TargetOption,
    options: OptionOption = None,
    options_file: OptionsFileOption = None,
    host: Annotated[str, typer.Option("--host", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", "-p", help="The port to listen on; 0 finds a free one.")] = 5000,
) -> None:
    """Serve a model on this machine as a target would, until it is told to stop."""
    from modelpack.deployments.verbs import run_local as run

    uri, chosen = chosen_model(model, option), chosen_options(target, options, options_file)
    raise typer.Exit(run(uri, target=target, options=chosen, host=host, port=port, progress=notice))


def _chosen_name(name: str | None) -> str:
    if name is None:
        raise UsageError("the deployment has no name", hint="give it one with --name")
    return name


def _deploy(uri: str, chosen: dict[str, Any], *, wait: bool, timeout: float, as_json: bool) -> None:
    from modelpack.deployments.applying import deploy as apply

    deployment = apply(uri, **chosen, wait=wait, timeout=timeout, progress=notice)
    if as_json:
        from dataclasses import asdict

        print_json(asdict(deployment))
    else:
        _show_outcome(deployment, chosen["target"])


def _show_outcome(deployment: Deployment, target: str) -> None:
    from modelpack.deployments.waiting import described

    where = f" at {deployment.endpoint}" if deployment.endpoint else ""
    notice(f"{described(deployment)}{where}")
    if deployment.state == "ready":
        notice(f"to score a file: modelpack deployments invoke {deployment.name} --target {target} -i FILE")


def _show_plan(uri: str, chosen: dict[str, Any], *, as_json: bool) -> None:
    from modelpack.deployments.applying import plan

    planned = plan(uri, **chosen)
    if as_json:
        from dataclasses import asdict

        print_json(asdict(planned))
        return
    for line in plan_lines(planned):
        sys.stdout.write(f"{line}\n")


def plan_lines(plan: Plan) -> list[str]:
    """A plan for people: a line for each step, and under it what would be sent, beside what stands now."""
    if not plan.steps:
        return ["nothing to do: what stands is what was asked for"]
    lines = [line for step in plan.steps for line in _step_lines(step)]
    return [*lines, *(f"needs the permission {permission}" for permission in plan.permissions)]


def _step_lines(step: Step) -> list[str]:
    title = f"{SIGNS.get(step.action, '~')} {step.action} {step.resource}"
    return [title, *(f"    {key}: {value}" for key, value in _values(step))]


def _values(step: Step) -> Iterator[tuple[str, str]]:
    """What changes, beside what stands now; of something new, all that is set."""
    for key, value in step.details.items():
        if key in step.before:
            yield key, f"{step.before[key]} → {value}"
        elif not step.before and value not in (None, "", [], {}):
            yield key, str(value)


def _export(uri: str, place: str, chosen: dict[str, Any]) -> None:
    from modelpack.deployments.verbs import export

    documents = export(uri, **chosen)
    if place == "-":
        sys.stdout.write("---\n".join(documents.values()))
        return
    Path(place).mkdir(parents=True, exist_ok=True)
    for name, text in documents.items():
        path = Path(place, name)
        path.write_text(text, encoding="utf-8")
        notice(f"wrote {path}")


def _show_options(target: str, *, as_json: bool) -> None:
    from modelpack.cli.plugin_options import option_lines
    from modelpack.plugins.manager import default_manager

    options_type = default_manager().target(target).options_type
    if as_json:
        print_json(options_type.model_json_schema())
        return
    lines = option_lines(options_type)
    if lines:
        print_table(("OPTION", "TYPE", "DEFAULT", "WHAT IT IS"), lines)
    else:
        notice(f"the target {target!r} has no options")
