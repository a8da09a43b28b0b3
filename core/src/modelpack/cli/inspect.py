"""`modelpack inspect`: what a model is, without loading it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.cli.options import JsonOption, ModelArgument, ModelOption, chosen_model
from modelpack.cli.output import print_json, print_table

if TYPE_CHECKING:
    from modelpack.package.load import StoredModel
    from modelpack.schema.signature import Schema


def inspect_model(model: ModelArgument = None, option: ModelOption = None, *, as_json: JsonOption = False) -> None:
    """Show a model's flavors, signature, environment, digest and what loading it would run; nothing of it is run."""
    from modelpack.package.load import open_model

    stored = open_model(chosen_model(model, option))
    if as_json:
        print_json(_description(stored))
    else:
        _print_description(stored)
