"""What variables tell a container's server: ours, one for each option of `modelpack serve`, and those of platforms."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from modelpack.errors import InvalidArgumentError
from modelpack.pyfunc.policy import Policy
from modelpack.serving.container.port import listening_port
from modelpack.serving.settings import LogFormat, Protocol, parse_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

PREFIX = "MODELPACK_"
_MEBIBYTE = 1024 * 1024
_ANY_SIZE = 1 << 40
_BATCH_SECONDS = 3600.0
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


def _flag(text: str) -> bool:
    if text.lower() not in _TRUE | _FALSE:
        raise ValueError("true or false was expected")
    return text.lower() in _TRUE


def _one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"one of {', '.join(choices)} was expected")
        return text

    return read


def _payload(text: str) -> int:
    """SageMaker's largest payload, where 0 stands for any."""
    return int(text) * _MEBIBYTE or _ANY_SIZE


OWN: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "HOST": ("host", str),
    "SOCKET": ("socket", Path),
    "WORKERS": ("workers", int),
    "THREADS": ("threads", int),
    "MAX_BATCH": ("max_batch", int),
    "MAX_DELAY_MS": ("max_delay", lambda text: float(text) / 1000),
    "MAX_QUEUE": ("max_queue", int),
    "MAX_BODY": ("max_body", parse_size),
    "TIMEOUT": ("timeout", float),
    "GRACE": ("grace", float),
    "NAME": ("model_name", str),
    "API_KEY_FILE": ("api_key_file", Path),
    "TLS_CERTIFICATE": ("tls_certificate", Path),
    "TLS_KEY": ("tls_key", Path),
    "LOG_FORMAT": ("log_format", _one_of(get_args(LogFormat))),
    "ACCESS_LOG": ("access_log", _flag),
    "WARM_UP": ("warm_up", _flag),
    "PROTOCOL": ("protocol", _one_of(get_args(Protocol))),
    "DEBUG": ("debug", _flag),
}
"""The settings behind our own variables, without the prefix."""

FOREIGN: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "SAGEMAKER_MODEL_SERVER_WORKERS": ("workers", int),
    "SAGEMAKER_MODEL_SERVER_TIMEOUT": ("timeout", float),
    "MODEL_SERVER_WORKERS": ("workers", int),
    "MODEL_SERVER_TIMEOUT": ("timeout", float),
    "SAGEMAKER_MAX_PAYLOAD_IN_MB": ("max_body", _payload),
}
"""The settings behind variables of SageMaker and of MLflow's container (S139); a later one goes before an earlier one,
and our own before all of them."""

OTHERS = frozenset({"MODEL", "FLAVOR", "POLICY", "TRUST", "HOME", "DISABLE_PLUGINS", "TRACE_HOOKS", "PORT"})
"""What else stands behind our prefix."""


def given_settings(environ: Mapping[str, str]) -> dict[str, Any]:
    """The settings that variables give; those that none gives are left out, but for the port.

    Raises:
        InvalidArgumentError: A value cannot be read; the message names the variable.
    """
    found: dict[str, Any] = {"port": listening_port(environ)}
    if environ.get("SAGEMAKER_BATCH", "").lower() == "true":
        found["timeout"] = _BATCH_SECONDS  # a transform job says itself how long it waits
    for name, (setting, read) in {**FOREIGN, **{PREFIX + name: entry for name, entry in OWN.items()}}.items():
        if environ.get(name):
            found[setting] = _read(name, environ[name], read)
    return found


def given_policy(environ: Mapping[str, str]) -> Policy:
    """How far data may be from the signature.

    Raises:
        InvalidArgumentError: There is no such policy.
    """
    name = f"{PREFIX}POLICY"
    policy: Policy = _read(name, environ[name], _one_of(get_args(Policy))) if environ.get(name) else "safe"
    return policy


def unknown_variables(environ: Mapping[str, str]) -> Iterator[str]:
    """A sentence on each variable with our prefix that means nothing: a setting misspelt would go unnoticed.

    Kubernetes makes variables of that kind for a service called `modelpack`; those are passed over.
    """
    known = sorted({*OWN, *OTHERS})
    for name in sorted(environ):
        rest = name.removeprefix(PREFIX)
        if name == rest or rest in known or rest.startswith(("PORT_", "SERVICE_")):
            continue
        near = difflib.get_close_matches(rest, known, n=1)
        yield f"the variable {name} means nothing" + (f"; {PREFIX}{near[0]} does" if near else "")


def _read(name: str, text: str, read: Callable[[str], Any]) -> Any:
    try:
        return read(text)
    except (ValueError, InvalidArgumentError) as error:
        reason = error.message if isinstance(error, InvalidArgumentError) else str(error)
        raise InvalidArgumentError(f"the variable {name} is {text!r}: {reason}") from error
