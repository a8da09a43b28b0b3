"""The protocol's first version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

PREDICT = "/v1/models/m:predict"


def test_instances_are_predicted(serve: Callable[..., Any]) -> None:
    """KServe's and TensorFlow Serving's old clients send them."""
    answer = serve(lambda data: data.sum(axis=1)).client.post(PREDICT, json={"instances": [[1, 2], [3, 4]]})
    assert answer.json() == {"predictions": [3, 7]}


def test_the_answer_is_wrapped_whatever_the_server_speaks_elsewhere(serve: Callable[..., Any]) -> None:
    """The protocol knows no bare lists."""
    client = serve(lambda data: data.sum(axis=1), protocol="mlflow-0.9").client
    assert client.post(PREDICT, json={"instances": [[1, 2]]}).json() == {"predictions": [3]}


def test_errors_have_the_form_of_the_protocol(serve: Callable[..., Any]) -> None:
    """With the status of the same error elsewhere, and its headers."""
    client = serve().client
    answer = client.post(PREDICT, json={"rows": []})
    assert answer.status_code == 400
    assert answer.json().keys() == {"error"}
    answer = client.get(PREDICT)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert answer.json() == {"error": f"{PREDICT} does not take GET"}
