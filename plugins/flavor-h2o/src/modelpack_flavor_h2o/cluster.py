"""The H2O that this process is connected to: one that runs, or one of its own."""

from __future__ import annotations

import atexit
import json
import os
import socket
import subprocess
import sys
from contextlib import suppress
from threading import RLock
from typing import TYPE_CHECKING, Any

from modelpack.errors import ModelFailureError
from modelpack_flavor_h2o.chatter import chatter_aside
from modelpack_flavor_h2o.failures import failures_in_words, put_in_words, said

if TYPE_CHECKING:
    from collections.abc import Mapping

USE = RLock()
"""Held by whoever speaks to H2O: its client has one connection in a process, and is not made for threads."""
_ADDRESS = ("url", "ip", "port")
_CONNECTION = (*_ADDRESS, "https", "cacert", "cookies")
_WAIT = 20.0


def connect(init: Mapping[str, Any]) -> None:
    """Connect to H2O, as `h2o.init(**init)` does, unless this process is connected already (S86).

    What is started has a port of its own on the loopback interface, so that no other program takes it for a common one,
    and ends with this process, however that ends.

    Raises:
        MissingDependencyError: There is no Java, or one that is too old.
        ModelFailureError: H2O does not run and cannot be started, or is of another release than its client.
    """
    import h2o

    with USE, failures_in_words("be reached"):
        if not is_connected() and not _joined(init):
            _start(init)
        h2o.no_progress()


def is_connected() -> bool:
    """Whether this process is connected to an H2O that answers."""
    import h2o

    connection = h2o.connection()
    if connection is None or not connection.connected:
        return False
    try:
        connection.request("GET /3/Ping")
    except Exception:  # noqa: BLE001 - whatever it says, it is of no use
        return False
    return True


def _joined(init: Mapping[str, Any]) -> bool:
    """Whether an H2O runs where `init` says, or where H2O looks for one by default; it is connected now."""
    import h2o
    from h2o.exceptions import H2OConnectionError, H2OServerError

    named = next((str(init[key]) for key in _ADDRESS if init.get(key) is not None), None)
    address = named or "localhost:54321"
    try:
        _open(init)
    except (H2OConnectionError, H2OServerError) as error:
        if "Version mismatch" in str(error) and named is not None:
            raise ModelFailureError(
                f"the H2O that runs at {address} is of another release than the client: {said(error)}",
                hint="start one of the client's release, or name no address in init",
            ) from error
        if init.get("start_h2o") is False:
            raise ModelFailureError(f"no H2O answers at {address}: {said(error)}") from error
        return False
    if init.get("name") in {None, h2o.cluster().cloud_name}:
        return True
    _close(os.getpid())
    return False


def _open(init: Mapping[str, Any]) -> None:
    import h2o

    given = {key: init[key] for key in _CONNECTION if init.get(key) is not None}
    given["strict_version_check"] = init.get(
        "strict_version_check"
    )  # None asks the environment; connect would not look
    if init.get("username") and init.get("password"):
        given["auth"] = (init["username"], init["password"])
    if init.get("insecure"):
        given["verify_ssl_certificates"] = False
    proxy = init.get("proxy") or {}
    given["proxy"] = proxy.get("https" if init.get("https") else "http", "(default)")
    with chatter_aside():
        h2o.connect(verbose=False, **given)
    atexit.register(_close, os.getpid())


def _close(process: int) -> None:
    """Close the connection before H2O's client does it, which prints that it does."""
    import h2o

    connection = h2o.connection()
    if process == os.getpid() and connection is not None and connection.connected:
        with suppress(Exception):
            connection.close()


def _start(init: Mapping[str, Any]) -> None:
    """Start an H2O, kept by a process that ends it with this one."""
    arguments = {**init, "verbose": False}
    if all(init.get(key) is None for key in _ADDRESS):
        arguments["port"] = _free_port()
    keeper = subprocess.Popen(  # noqa: S603 - this interpreter, with a module of this package
        [sys.executable, "-P", "-m", f"{__package__}.keeper"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    atexit.register(_end, os.getpid(), keeper)
    told = _told(keeper, arguments)
    if "error" in told:
        _end(os.getpid(), keeper)
        raise put_in_words("H2O cannot be started", told["error"])
    _open({**{key: value for key, value in init.items() if key not in _ADDRESS}, "url": told["url"]})


def _told(keeper: subprocess.Popen[str], arguments: Mapping[str, Any]) -> dict[str, str]:
    """What the keeper says once H2O is up, or has failed."""
    try:
        assert keeper.stdin is not None  # noqa: S101 - it is a pipe
        assert keeper.stdout is not None  # noqa: S101 - likewise
        keeper.stdin.write(json.dumps(arguments) + "\n")
        keeper.stdin.flush()
        told: dict[str, str] = json.loads(keeper.stdout.readline())
    except (OSError, ValueError) as error:
        return {"error": f"the process that starts it has ended: {error}"}
    return told


def _end(process: int, keeper: subprocess.Popen[str]) -> None:
    """Let a keeper stop its H2O, and wait until it has; in a fork of the process, it is not ours."""
    if process != os.getpid():
        return
    for pipe in (keeper.stdin, keeper.stdout):
        with suppress(OSError):
            pipe.close()  # type: ignore[union-attr]  # both are pipes
    with suppress(subprocess.TimeoutExpired):
        keeper.wait(_WAIT)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
