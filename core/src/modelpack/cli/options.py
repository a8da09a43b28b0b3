"""Arguments and options that several commands share."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer

from modelpack.errors import ModelpackError

ModelArgument = Annotated[
    str | None,
    typer.Argument(metavar="MODEL", help="Model directory or URI (runs:/…, s3://…, …).", show_default=False),
]
ModelOption = Annotated[
    str | None,
    typer.Option("--model", "-m", "--model-path", metavar="MODEL", help="The same, as an option."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
TrustOption = Annotated[
    list[str] | None,
    typer.Option(
        "--trust",
        metavar="DIGEST|DIR|all",
        help="Trust this model to run its code: its digest (sha256:…), a directory it lies in, or `all`. Repeatable.",
    ),
]


class PolicyChoice(Enum):
    """The values of `--policy`, which are those of `modelpack.pyfunc.policy.Policy`."""

    strict = "strict"
    safe = "safe"
    lenient = "lenient"


PolicyOption = Annotated[
    PolicyChoice,
    typer.Option(
        "--policy",
        help="How far data may be from the signature: strict converts nothing, safe what keeps every value.",
    ),
]


class UsageError(ModelpackError):
    """The command line itself is wrong; the exit code is 2."""

    error_code = "USAGE"


def chosen_model(argument: str | None, option: str | None) -> str:
    """The model that was named, positionally or with `-m`.

    Raises:
        UsageError: Neither or both were given, and they differ.
    """
    if argument is not None and option is not None and argument != option:
        raise UsageError(f"two models were named: {argument} and {option}", hint="give the model once")
    chosen = argument if argument is not None else option
    if chosen is None:
        raise UsageError("no model was named", hint="give a model directory or URI, positionally or with -m")
    return chosen


def chosen_trust(values: list[str] | None) -> bool | list[str] | None:
    """The `trust` argument of the Python API for the values of `--trust`; None leaves it to the user's trust store."""
    if not values:
        return None
    return True if "all" in values else values


def named_value(text: str, example: str) -> tuple[str, str]:
    """The two sides of NAME=VALUE.

    Raises:
        UsageError: It has another form.
    """
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise UsageError(f"{text!r} is not of the form NAME=VALUE", hint=f"for example: {example}")
    return name, value
