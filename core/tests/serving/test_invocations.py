from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.testclient import TestClient

BODY = '{"instances": [[1.0, 0.5]]}'
JSON = {"Content-Type": "application/json"}


def test_a_full_server_answers_429_and_when_to_come_again(make_client: Callable[..., TestClient]) -> None:
    """Before it reads the body, which need not even be readable."""
    begun, go = threading.Semaphore(0), threading.Event()

    def wait(data: Any) -> Any:
        begun.release()
        assert go.wait(30)
        return [1] * len(data)

    client = make_client(wait, threads=1, max_queue=1)
    answers: list[Any] = []

    def ask() -> None:
        answers.append(client.post("/invocations", content=BODY, headers=JSON))

    threads = [threading.Thread(target=ask) for _ in range(2)]
    threads[0].start()
    assert begun.acquire(timeout=30)
    threads[1].start()
    refused = client.post("/invocations", content="{", headers=JSON)
    while refused.status_code == 400:  # the second one has not come yet
        refused = client.post("/invocations", content="{", headers=JSON)
    go.set()
    for thread in threads:
        thread.join()
    assert (refused.status_code, refused.json()["error_code"]) == (429, "RESOURCE_EXHAUSTED")
    assert int(refused.headers["retry-after"]) >= 1
    assert [answer.json() for answer in answers] == [{"predictions": [1]}] * 2


@pytest.mark.parametrize("size", [10, 70_000])
def test_the_length_of_an_answer_is_told(make_client: Callable[..., TestClient], size: int) -> None:
    """So that the connection can be used again."""
    response = make_client(lambda _: ["a" * size]).post("/invocations", content=BODY, headers=JSON)
    assert int(response.headers["content-length"]) == len(response.content) > size


def test_a_model_that_exits_is_answered_for(make_client: Callable[..., TestClient]) -> None:
    """The server answers 500 and lives on."""

    def leave(_: Any) -> Any:
        raise SystemExit(1)

    client = make_client(leave)
    for _ in range(3):
        response = client.post("/invocations", content=BODY, headers=JSON)
        assert (response.status_code, response.json()["error_code"]) == (500, "MODEL_FAILURE")
        assert "SystemExit" in response.json()["message"]
    assert client.get("/ping").status_code == 200
