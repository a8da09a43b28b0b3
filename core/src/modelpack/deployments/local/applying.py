"""Making a wish, and having a keeper that fulfils it."""

from __future__ import annotations

import os
import time
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING

from modelpack.deployments.local import keeping
from modelpack.deployments.local.keeper_signals import LOOK
from modelpack.deployments.local.orphans import end, end_orphans
from modelpack.deployments.local.records import Wish
from modelpack.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelpack.deployments.local.options import LocalOptions
    from modelpack.deployments.local.places import Place
    from modelpack.deployments.records import DeployRequest

_SECONDS = 30.0
"""Seconds that a keeper has to take note of a wish."""

_PAUSE = 0.02


def wished(request: DeployRequest[LocalOptions], revision: str) -> Wish:
    """A request as a wish."""
    options = request.options
    return Wish(
        id=uuid.uuid4().hex,
        name=request.name,
        revision=revision,
        digest=request.digest,
        host=options.host,
        port=options.port,
        grace=options.grace,
        start_timeout=options.start_timeout,
        arguments=options.server_arguments(),
        environment=options.environment(),
        settings=options.settings(),
    )


def apply(place: Place, request: DeployRequest[LocalOptions], revision: str, progress: Callable[[str], None]) -> None:
    """Copy the model, write the wish down, and see that a keeper has taken note of it.

    Raises:
        DeployError: Another process is changing this deployment (`conflict`), or it cannot be done here (`failed`).
    """
    with place.changing() as mine:
        if not mine:
            raise busy(request.name)
        place.remove_strays()
        wish = wished(request, revision)
        place.add_model(wish.id, request.model_path, request.digest)
        try:
            progress(f"copied the model to {place.directory / place.model(wish.id)}")
            wish.write(place.wish_file)
        except BaseException:
            place.remove_model(wish.id)
            raise
        _hand_over(place, wish)


def remove(place: Place, name: str, grace: float) -> None:
    """End everything of a deployment, and remove its directory.

    Raises:
        DeployError: Another process is changing this deployment, or something could not be removed.
    """
    if not place.directory.exists():
        return
    with place.changing() as mine:
        if not mine:
            raise busy(name)
        end(place.keeper_lock, grace)
        end_orphans(place)
        place.remove()
    if place.directory.exists():
        raise DeployError(f"{name} could not be removed", code="failed", left_behind=(str(place.directory),))


def busy(name: str) -> DeployError:
    """The error when another process is at work."""
    return DeployError(
        f"another process is changing the deployment {name}", code="conflict", hint="try again when it is done"
    )


def _hand_over(place: Place, wish: Wish) -> None:
    """Tell the keeper, or start one; it may be about to end because an earlier wish has failed."""
    until = time.monotonic() + _SECONDS
    while time.monotonic() < until:
        if (keeper := place.keeper()) is None:
            keeping.start(place)
        elif keeper:
            with suppress(ProcessLookupError):
                os.kill(keeper, LOOK)
        if _noted(place, wish):
            return
        time.sleep(_PAUSE)
    raise DeployError(f"the keeper of {wish.name} does not react; see its log", code="timeout")


def _noted(place: Place, wish: Wish) -> bool:
    status = place.status()
    return status is not None and status.wish == wish.id
