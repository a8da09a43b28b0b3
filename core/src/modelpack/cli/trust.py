"""`modelpack trust`: which models may run code when they are loaded."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modelpack.cli.options import JsonOption, ModelArgument, ModelOption, UsageError, chosen_model
from modelpack.cli.output import notice, print_json, print_table

if TYPE_CHECKING:
    from modelpack.package.load import StoredModel
    from modelpack.package.trust import TrustStore

ListOption = Annotated[bool, typer.Option("--list", help="Show what you trust, and change nothing.")]
RemoveOption = Annotated[bool, typer.Option("--remove", help="Trust MODEL, or a digest, no longer.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def trust(
    model: ModelArgument = None,
    option: ModelOption = None,
    *,
    show: ListOption = False,
    remove: RemoveOption = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Allow a model to run code when you load it, after showing what would run.

    A digest is remembered, not a place: a model that is changed afterwards is not trusted any more.
    """
    from modelpack.package.trust import default_store

    store = default_store()
    if show:
        _show(store, as_json=as_json)
    elif remove:
        _remove(store, chosen_model(model, option))
    else:
        _add(store, chosen_model(model, option), yes=yes)


def _show(store: TrustStore, *, as_json: bool) -> None:
    entries = store.entries()
    if as_json:
        print_json([{"digest": entry.digest, "path": entry.path, "added": entry.added} for entry in entries])
    elif entries:
        print_table(
            ("digest", "added", "saved or trusted at"), [(each.digest, each.added, each.path) for each in entries]
        )
    else:
        notice(f"no model is trusted yet (the store is {store.root})")


def _remove(store: TrustStore, model: str) -> None:
    from modelpack.errors import NotFoundError

    digests = _digests(store, model)
    removed = [digest for digest in digests if store.discard(digest)]
    if not removed:
        raise NotFoundError(f"{model} is not trusted", hint="`modelpack trust --list` shows what is")
    for digest in removed:
        notice(f"{digest} is not trusted any more")


def _digests(store: TrustStore, model: str) -> list[str]:
    """The digest itself, or what is trusted of a place: as it stands there now, and as it stood there when added."""
    from modelpack.package.load import open_model
    from modelpack.package.trust import checked_digest

    if model.lower().startswith("sha256:"):
        return [checked_digest(model)]
    earlier = [entry.digest for entry in store.entries() if entry.path == str(Path(model).absolute())]
    return earlier or [open_model(model).digest]


def _add(store: TrustStore, model: str, *, yes: bool) -> None:
    from modelpack.package.load import open_model

    stored = open_model(model)
    if stored.digest in store:
        notice(f"{stored.path} is trusted already ({stored.digest})")
        return
    reasons = _reasons(stored)
    if not reasons:
        notice(f"{stored.path} runs no code when it is loaded, so it needs no trust")
        return
    notice(f"Loading {stored.path} runs code from it:")
    for reason in reasons:
        notice(f"  {reason}")
    notice(f"digest: {stored.digest}")
    if yes or _confirmed():
        store.add(stored.digest, stored.path.absolute())
        notice(f"trusted; `modelpack trust --remove {stored.digest}` takes it back")


def _reasons(stored: StoredModel) -> list[str]:
    """What would run, flavor by flavor; a flavor that is not installed cannot tell."""
    from modelpack.errors import ModelpackError
    from modelpack.package.load import trust_reasons
    from modelpack.plugins.manager import default_manager

    found: dict[str, str] = {}
    for name in stored.mlmodel.flavors:
        try:
            reasons = trust_reasons(stored, name, default_manager())
        except ModelpackError as error:
            reasons = [f"unknown: {error.message}"]
        for reason in reasons:
            found[reason] = f"{found[reason]}, {name}" if reason in found else name
    return [f"{names}: {reason}" for reason, names in found.items()]


def _confirmed() -> bool:
    if not sys.stdin.isatty():
        raise UsageError("nobody is there to ask", hint="look at what would run, then add --yes")
    if typer.confirm("Do you know where it comes from, and trust it?", err=True):
        return True
    raise typer.Exit(1)
