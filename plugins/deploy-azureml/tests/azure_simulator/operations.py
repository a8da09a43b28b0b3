"""Operations that take time: `Azure-AsyncOperation`, `Location` and `Retry-After`."""

from __future__ import annotations

import threading
import uuid
from typing import TYPE_CHECKING

from azure_simulator.messages import Document, Reply, ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable


class Operations:
    """What is under way, each on a thread of its own.

    Attributes:
        seconds: How long an operation takes at least.
        retry_after: When a client is told to ask again.
    """

    def __init__(self, url: str, seconds: float, retry_after: float) -> None:
        """Answer at addresses that begin with `url`."""
        self.seconds = seconds
        self.retry_after = retry_after
        self._url = url
        self._closing = threading.Event()
        self._states: dict[str, Document] = {}
        self._threads: list[threading.Thread] = []

    def begin(self, work: Callable[[], None]) -> dict[str, str]:
        """Start an operation; it fails when `work` raises a `ServiceError`.

        Returns:
            The headers that lead to it.
        """
        name = str(uuid.uuid4())
        self._states[name] = {"id": name, "name": name, "status": "InProgress"}
        thread = threading.Thread(target=self._run, args=(name, work), daemon=True)
        self._threads.append(thread)
        thread.start()
        return {
            "Azure-AsyncOperation": f"{self._url}/mfeOperationsStatus/{name}?api-version=2024-04-01",
            "Location": f"{self._url}/mfeOperationResults/{name}?api-version=2024-04-01",
            "x-ms-async-operation-timeout": "PT1H",
            **self._later(),
        }

    def _later(self) -> dict[str, str]:
        """When to ask again; `Retry-After` has whole seconds, and the SDK knows another header for less."""
        if self.retry_after.is_integer():
            return {"Retry-After": str(int(self.retry_after))}
        return {"x-ms-retry-after-ms": str(int(self.retry_after * 1000))}

    def _run(self, name: str, work: Callable[[], None]) -> None:
        if self._closing.wait(self.seconds):
            self._states[name]["status"] = "Canceled"
            return
        try:
            work()
        except ServiceError as refusal:
            self._states[name] |= {"status": "Failed", "error": refusal.error()}
        except Exception as error:
            self._states[name] |= {
                "status": "Failed",
                "error": ServiceError(500, "InternalServerError", repr(error)).error(),
            }
            raise
        else:
            self._states[name]["status"] = "Succeeded"

    def status(self, name: str) -> Reply:
        """How an operation stands."""
        found = self._states.get(name)
        if found is None:
            raise ServiceError(404, "NotFound", f"There is no operation {name}.")
        return Reply(200, dict(found), self._later())

    def result(self, name: str) -> Reply:
        """202 while an operation is under way, and what it came to afterwards."""
        reply = self.status(name)
        assert isinstance(reply.content, dict)
        if reply.content["status"] == "InProgress":
            return Reply(202, b"", reply.headers)
        return Reply(204) if reply.content["status"] == "Succeeded" else Reply(400, reply.content)

    def finish(self) -> None:
        """Begin nothing that waits still, and come back when nothing is under way."""
        self._closing.set()
        for thread in self._threads:
            thread.join(60)
        self._threads.clear()
        self._closing.clear()
