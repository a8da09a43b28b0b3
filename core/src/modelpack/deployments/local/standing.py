"""What stands under a name, judged by what was written down and by who still lives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelpack.deployments.records import Deployment

if TYPE_CHECKING:
    from modelpack.deployments.local.places import Place
    from modelpack.deployments.local.records import Status, Wish

_GONE = "its keeper does not run: it was killed, or this machine was restarted; deploying again starts it"


def standing(name: str, place: Place) -> Deployment:
    """The deployment of a place."""
    wish = place.wish()
    if wish is None:
        return Deployment(name=name, state="absent")
    keeper = place.keeper()
    status = place.status()
    if keeper is None:
        return _without_keeper(place, wish, status)
    if status is None:
        return Deployment(name=name, state="pending")
    is_noted = status.wish == wish.id
    serves = status.revision is not None
    return Deployment(
        name=name,
        state=status.state if is_noted else "updating" if serves else "pending",
        endpoint=status.endpoint,
        digest=status.digest,
        revision=status.revision,
        reason=status.reason,
        details={"keeper": keeper, "server": status.server, "log": str(place.log_file)},
    )


def _without_keeper(place: Place, wish: Wish, status: Status | None) -> Deployment:
    if place.is_changing():
        is_removed = status is not None and status.state == "deleting"
        return Deployment(name=wish.name, state="deleting" if is_removed else "pending")
    failed = status is not None and status.wish == wish.id and status.state == "failed"
    return Deployment(
        name=wish.name,
        state="failed",
        reason=status.reason if status is not None and failed else _GONE,
        details={"log": str(place.log_file)},
    )
