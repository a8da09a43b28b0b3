"""Making a wish, and having a keeper that fulfils it."""

from __future__ import annotations

import os
import time
import uuid
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from modelpack.deployments.local import keeping
from modelpack.deployments.local.keeper_signals import LOOK
from modelpack.deployments.local.orphans import end, end_orphans
from modelpack.deployments.local.records import Wish
from modelpack.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from modelpack.deployments.local.options import LocalOptions
    from modelpack.deployments.local.places import Place
    from modelpack.deployments.local.records import Status
    from modelpack.deployments.records import DeployRequest

_SECONDS = 30.0
"""Seconds that a keeper has to take note of a wish, and beyond a server's own to bring it about."""

_PAUSE = 0.02


def apply(place: Place, request: DeployRequest[LocalOptions], revision: str, progress: Callable[[str], None]) -> None:
    """Write down what is wished, and wait until a keeper has brought it about.

    Whoever stops waiting does not stop the keeper; the same call again waits on.

    Raises:
        DeployError: Another process is changing this deployment (`conflict`), or the change failed.
    """
    with _changing(place, request.name):
        place.remove_strays()
        wish = _under_way(place, request, revision)
        if wish is None:
            wish = wished(request, revision)
            _write(place, wish, request, progress)
        _hand_over(place, wish)
        status = _settled(place, wish)
        _judge(place, wish, status)
        progress(f"the new server answers at {status.endpoint}")


def remove(place: Place, name: str, grace: float) -> None:
    """End everything of a deployment, and remove its directory.

    Raises:
        DeployError: Another process is changing this deployment, or something could not be removed.
    """
    if place.directory.exists() and not place.is_foreign():
        with _changing(place, name):
            _remove(place, grace)


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


@contextmanager
def _changing(place: Place, name: str) -> Iterator[None]:
    with place.changing() as mine:
        if not mine:
            raise DeployError(
                f"another process is changing the deployment {name}", code="conflict", hint="try again when it is done"
            )
        yield


def _under_way(place: Place, request: DeployRequest[LocalOptions], revision: str) -> Wish | None:
    """The same wish, where a keeper is at it already."""
    wish, status = place.wish(), place.status()
    if wish is None or status is None or place.keeper() is None:
        return None
    same = wish.revision == revision and wish.environment == request.options.environment()
    return wish if same and status.wish == wish.id and status.state in {"pending", "updating"} else None


def _write(place: Place, wish: Wish, request: DeployRequest[LocalOptions], progress: Callable[[str], None]) -> None:
    try:
        place.add_model(wish.id, request.model_path, request.digest)
        progress(f"copied the model to {place.directory / place.model(wish.id)}")
        progress("starting a server of it")
        wish.write(place.wish_file)
    except BaseException:
        place.remove_model(wish.id)
        raise


def _hand_over(place: Place, wish: Wish) -> None:
    """Tell the keeper, or start one; it may be about to end because an earlier wish has failed."""
    until = time.monotonic() + _SECONDS
    while time.monotonic() < until:
        if (keeper := place.keeper()) is None:
            keeping.start(place)
        elif keeper:
            with suppress(ProcessLookupError):
                os.kill(keeper, LOOK)
        if _note_of(place, wish) is not None:
            return
        time.sleep(_PAUSE)
    raise DeployError(f"the keeper of {wish.name} does not react; see {place.log_file}", code="timeout")


def _settled(place: Place, wish: Wish) -> Status:
    """What has become of the wish."""
    until = time.monotonic() + wish.start_timeout + wish.grace + _SECONDS
    while time.monotonic() < until:
        alive = place.keeper() is not None
        status = _note_of(place, wish)
        if status is not None and status.state in {"ready", "failed"}:
            return status
        if not alive:
            raise DeployError(f"the keeper of {wish.name} has ended; see {place.log_file}", code="failed")
        time.sleep(_PAUSE)
    raise DeployError(f"{wish.name} did not become ready in time; see {place.log_file}", code="timeout")


def _note_of(place: Place, wish: Wish) -> Status | None:
    status = place.status()
    return status if status is not None and status.wish == wish.id else None


def _judge(place: Place, wish: Wish, status: Status) -> None:
    """Raise what the change has failed with, if it has."""
    if status.reason is None:
        return
    if status.state == "ready":
        raise DeployError(
            f"the update of {wish.name} failed: {status.reason}; what was there before serves on", code="rolled_back"
        )
    if place.serving() is None:
        _remove(place, 0)
        raise DeployError(f"{wish.name} could not be started: {status.reason}", code="failed")
    raise DeployError(
        f"{wish.name} could not be started: {status.reason}", code="failed", left_behind=(str(place.directory),)
    )


def _remove(place: Place, grace: float) -> None:
    end(place.keeper_lock, grace + _SECONDS)
    end_orphans(place)
    place.remove()
    if not place.is_gone():
        raise DeployError(f"{place.directory} could not be removed", code="failed", left_behind=(str(place.directory),))
