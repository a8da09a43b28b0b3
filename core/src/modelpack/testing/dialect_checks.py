"""One model, asked in every dialect: wherever it is deployed, it answers as the scoring server does here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.deployments.records import Invocation

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import ASGIApp

INVOCATIONS = (
    Invocation(body=b'{"columns": ["x"], "data": [[1.5], [2.0]]}', content_type="application/json"),
    Invocation(body=b'[{"x": 1.5}, {"x": 2.0}]', content_type="application/json; format=pandas-records"),
    Invocation(
        body=b'{"dataframe_split": {"columns": ["x"], "data": [[1.5], [2.0]]}}', content_type="application/json"
    ),
    Invocation(body=b'{"dataframe_records": [{"x": 1.5}, {"x": 2.0}]}', content_type="application/json"),
    Invocation(body=b"x\n1.5\n2.0\n", content_type="text/csv"),
    Invocation(body=b"x\n1.5\n2.0\n", content_type="text/csv", accept="text/csv"),
)
"""Requests for a model that takes numbers in the column `x`."""


def assert_answers_as_the_scoring_server(model: Path, name: str, **where: Any) -> None:
    """Check that a deployment answers every dialect, byte for byte, as the scoring server does in this process.

    Args:
        model: The model that is deployed: one that takes numbers in the column `x`. It is trusted.
        name: The deployment's name.
        **where: What `modelpack.deployments.invoke` takes beside it: the target and its options.

    Raises:
        AssertionError: An answer is another.
    """
    from modelpack.deployments.verbs import invoke
    from modelpack.pyfunc.load import load_model
    from modelpack.serving.app import create_app

    application = create_app(load_model(model, trust=True))
    for invocation in INVOCATIONS:
        content_type, accept = invocation.content_type, invocation.accept
        answered = invoke(name, invocation.body, content_type=content_type, accept=accept, **where).body
        expected = _server_answer(application, invocation)
        assert answered == expected, f"{invocation} is answered {answered!r}, and the server says {expected!r}"


def _server_answer(application: ASGIApp, invocation: Invocation) -> bytes:
    from modelpack.testing.asgi import Request, answer

    accept = {} if invocation.accept is None else {"accept": invocation.accept}
    request = Request(path="/invocations", body=invocation.body, content_type=invocation.content_type, headers=accept)
    status, body = answer(application, request)
    assert status == 200, f"the scoring server itself answers {status} to {invocation}: {body!r}"  # noqa: PLR2004 - HTTP's OK
    return body
