"""`modelpack build`: the container image of a model's scoring server."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from modelpack.cli import build_options as options
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

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_NOBODY = "10001:10001"


def build(  # noqa: PLR0913 - each is one option of the command
    model: ModelArgument = None,
    option: ModelOption = None,
    *,
    tag: options.TagOption = None,
    flavor: options.FlavorOption = None,
    base: options.BaseOption = None,
    python: options.PythonOption = None,
    platform: options.PlatformOption = None,
    with_model: options.WithModelOption = True,
    extra_requirement: options.ExtraOption = None,
    without_requirement: options.WithoutOption = None,
    build_secret: options.SecretOption = None,
    user: options.UserOption = None,
    platform_rules: options.ForOption = None,
    engine: options.EngineOption = None,
    engine_argument: options.EngineArgumentOption = None,
    context_only: options.ContextOption = None,
    daemonless: options.DaemonlessOption = False,
    output: options.OutputOption = None,
    push: options.PushOption = False,
    insecure: options.InsecureOption = None,
    assume_packages: options.AssumeOption = False,
    trust: TrustOption = None,
    as_json: JsonOption = False,
) -> None:
    """Build a container image that serves a model: its environment, the scoring server, and nothing else."""
    from modelpack.images import ImageOptions

    uri = chosen_model(model, option)
    image = ImageOptions(
        flavor=flavor,
        trust=chosen_trust(trust),
        with_model=with_model,
        python=python,
        extra_requirements=tuple(extra_requirement or ()),
        without_requirements=tuple(without_requirement or ()),
        user=user or ("root" if platform_rules is options.Platform.sagemaker else _NOBODY),
    )
    if context_only is not None:
        _write_context(uri, context_only, tag, {"options": image, "base": base})
        return
    if tag is None:
        raise UsageError("the image has no name", hint="give one with --tag NAME, or --context-only DIR")
    for_engine = {"engine": engine, "arguments": tuple(engine_argument or ()), "secrets": tuple(build_secret or ())}
    for_delivery = {"output": output, "push": push, "insecure": frozenset(insecure or ())}
    _check_way(for_engine, for_delivery, daemonless=daemonless, assume_packages=assume_packages)
    chosen = {"options": image, "base": base, "progress": notice}
    if daemonless:
        told = _build_daemonless(uri, tag, for_delivery, {**chosen, "platform": platform}, assume=assume_packages)
    else:
        told = _build_with_engine(uri, tag, {**for_engine, "platform": platform}, chosen)
    if as_json:
        print_json(told)


def _check_way(
    engine: Mapping[str, Any], delivery: Mapping[str, Any], *, daemonless: bool, assume_packages: bool
) -> None:
    """Refuse what belongs to the other way of building."""
    if daemonless and any(engine.values()):
        raise UsageError(
            "no engine builds a --daemonless image",
            hint="leave out --engine, --engine-argument and --build-secret; uv and pip run with your own settings",
        )
    if not daemonless and (assume_packages or any(delivery.values())):
        raise UsageError("--output, --push, --insecure and --assume-packages go with --daemonless")


def _write_context(uri: str, directory: Path, tag: str | None, chosen: Mapping[str, Any]) -> None:
    from modelpack.images import write_build_context

    context = write_build_context(uri, directory, **chosen)
    for note in context.contents.notes:
        notice(f"note: {note}")
    notice(f"wrote {directory}; to build it: docker build -t {tag or 'NAME'} {directory}")


def _build_daemonless(
    uri: str, tag: str, delivery: Mapping[str, Any], chosen: Mapping[str, Any], *, assume: bool
) -> dict[str, Any]:
    from modelpack.images import Delivery, build_model_daemonless

    built = build_model_daemonless(uri, Delivery(name=tag, **delivery), assume_packages=assume, **chosen)
    notice(f"built {built.name} ({built.digest}) for the model {built.model_digest}")
    return asdict(built)


def _build_with_engine(uri: str, tag: str, engine: Mapping[str, Any], chosen: Mapping[str, Any]) -> dict[str, Any]:
    from modelpack.images import EngineOptions, build_image

    built = build_image(uri, tag, engine=EngineOptions(**engine), **chosen)
    notice(f"built {built.tag} ({built.image_id}) for the model {built.model_digest}")
    return {key: value for key, value in asdict(built).items() if key != "notes"}
