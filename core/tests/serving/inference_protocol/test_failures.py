"""Errors in the protocol's form."""

from __future__ import annotations

import orjson
import pytest

from modelpack.errors import SchemaError
from modelpack.serving.errors import TooBusyError
from modelpack.serving.inference_protocol.failures import failure


def test_an_error_is_its_message_and_its_hint() -> None:
    """In the one key that clients read."""
    answer = failure(SchemaError("missing columns: 'x'", hint="send them"), debug=False)
    assert answer.status_code == 422
    assert orjson.loads(bytes(answer.body)) == {"error": "missing columns: 'x'; send them"}
    assert answer.headers["content-type"] == "application/json"


def test_an_error_keeps_its_headers() -> None:
    """Whoever comes too early is told when to come again."""
    answer = failure(TooBusyError("too many wait", seconds=2.5), debug=False)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")
    assert answer.headers.getlist("content-length") == [str(len(answer.body))]


@pytest.mark.parametrize("debug", [True, False])
def test_a_traceback_is_shown_for_debugging_only(debug: bool) -> None:  # noqa: FBT001 - parametrised
    """And what is a bug of the server says no more than that."""
    content = orjson.loads(bytes(failure(ValueError("secret"), debug=debug).body))
    assert content["error"] == "the server failed; its log says how"
    assert ("stack_trace" in content) == debug
