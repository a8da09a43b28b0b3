from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelpack.serving.processes.announcement import announcement
from modelpack.serving.processes.listening import listening
from modelpack.serving.settings import ServerSettings


def lines(make_model: Callable[..., Any], **settings: Any) -> list[str]:
    """What a server says, with PORT in place of its port."""
    made = ServerSettings(port=0, **settings)
    with listening(made) as listener:
        address = listener.getsockname()
        text = announcement(make_model(), made, listener)
    return (text.replace(f":{address[1]}", ":PORT") if isinstance(address, tuple) else text).splitlines()


def test_it_says_where_what_and_how(make_model: Callable[..., Any]) -> None:
    """Five lines."""
    said = lines(make_model)
    assert said[0] == "listening on http://127.0.0.1:PORT"
    assert said[2] == f"digest     sha256:{'0' * 64}"
    assert said[3].startswith("signature  x double, y double")
    assert said[4].startswith(
        "try        curl http://127.0.0.1:PORT/invocations -H 'Content-Type: application/json' -d "
    )
    assert len(said) == 5


@pytest.mark.parametrize(("key", "warned"), [(None, True), (Path("keys"), False)])
def test_an_address_that_others_reach_is_warned_of(
    make_model: Callable[..., Any], key: Path | None, *, warned: bool
) -> None:
    """Unless keys are asked for. The command to try names an address of this machine."""
    said = lines(make_model, host="0.0.0.0", api_key_file=key)  # noqa: S104 - what is warned of
    assert said[0] == "listening on http://0.0.0.0:PORT"
    assert " http://127.0.0.1:PORT/invocations" in said[4]
    assert (len(said) == 6) is warned


def test_the_command_to_try_brings_what_the_server_asks_for(make_model: Callable[..., Any]) -> None:
    """The certificate to trust, and a key from the environment."""
    said = lines(make_model, tls_certificate=Path("my cert.pem"), api_key_file=Path("keys"))
    options = (
        """--cacert 'my cert.pem' -H "Authorization: Bearer $MODELPACK_API_KEY" https://127.0.0.1:PORT/invocations"""
    )
    assert f"curl {options}" in said[4]


def test_a_unix_socket_is_named_by_its_path(
    make_model: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And given to curl."""
    monkeypatch.chdir(tmp_path)
    said = lines(make_model, socket=Path("my model.sock"))
    assert said[0] == "listening on my model.sock (a Unix socket)"
    assert "curl --unix-socket 'my model.sock' http://localhost/invocations" in said[4]
