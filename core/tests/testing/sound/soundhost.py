"""A platform in a few lines, for the sound target and for the broken ones made of it: a host for models.

It lives in a directory, so that several processes reach it. It loads a model before it lets requests go to it, and
keeps the one before when that fails.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PAGE = 2
OK = 200
REFUSED = 422


class HostError(Exception):
    """The host does not do that."""


class Host:
    """One host."""

    def __init__(self, root: Path) -> None:
        """The host in a directory."""
        self._root = root

    @classmethod
    def made(cls, root: Path, seconds: float = 0.0) -> Host:
        """A new host, which takes so many seconds to bring up a model."""
        for folder in ("endpoints", "models", "logs", "locks", "jobs"):
            (root / folder).mkdir(parents=True)
        (root / "seconds").write_text(str(seconds), encoding="utf-8")
        (root / "changes").touch()
        return cls(root)

    def names(self) -> list[str]:
        """Everything that stands here."""
        kinds = ("endpoints", "models", "jobs")
        return [f"{kind}/{path.name}" for kind in kinds for path in self._all(kind)]

    def changes(self) -> int:
        """How many changes were asked for."""
        return (self._root / "changes").stat().st_size

    def put_model(self, name: str, path: Path) -> None:
        """Upload a model."""
        with self._changed():
            place = self._root / "models" / name
            if place.exists():
                raise HostError(f"the model {name} exists")
            shutil.copytree(path, place)

    def models(self, owner: str) -> list[str]:
        """The models of one owner: what stands before the point in their names."""
        with self._locked():
            return [path.name for path in self._all("models") if path.name.partition(".")[0] == owner]

    def delete_model(self, name: str) -> None:
        """Delete a model."""
        with self._changed():
            shutil.rmtree(self._root / "models" / name)

    def put_endpoint(self, name: str, settings: Mapping[str, Any]) -> None:
        """Create an endpoint, or update one that stands; what is not said of it falls back to its default."""
        with self._changed():
            found = self._read(name) or {"serving": None}
            until = time.time() + float((self._root / "seconds").read_text(encoding="utf-8"))
            wished = {"note": "", "tags": {}, "variants": {"main": 100.0}, **settings}
            told = {"serving": found["serving"], "wished": wished, "until": until, "reason": None}
            self._write(name, {**told, "tags": wished["tags"]})

    def endpoint(self, name: str) -> dict[str, Any] | None:
        """An endpoint: its `state` (`starting`, `in service`, `failed`), `reason`, and what it serves."""
        with self._locked():
            return self._settled(name)

    def endpoints(self, after: str = "") -> tuple[list[str], str | None]:
        """The names of some endpoints, and after which one to go on."""
        with self._locked():
            names = [path.name for path in self._all("endpoints") if path.name > after]
        return names[:PAGE], names[PAGE - 1] if len(names) > PAGE else None

    def delete_endpoint(self, name: str) -> None:
        """Delete an endpoint."""
        with self._changed():
            (self._root / "endpoints" / name).unlink()
            (self._root / "logs" / name).unlink(missing_ok=True)

    def divide(self, name: str, variants: Mapping[str, float]) -> None:
        """Give an endpoint variants with shares of its traffic."""
        with self._changed():
            found = self._settled(name) or {}
            found["serving"]["variants"] = dict(variants)
            self._write(name, found)

    def invoke(self, name: str, body: bytes, content_type: str, accept: str) -> tuple[int, bytes, str]:
        """Score a request: the status, the body and the type of the answer."""
        with self._locked():
            found = self._settled(name)
            if found is None or found["serving"] is None:
                raise HostError(f"the endpoint {name} does not serve")
            with (self._root / "logs" / name).open("a", encoding="utf-8") as log:
                log.write(f"{log.tell()} {content_type} {len(body)}\n")
            return scored(self._root / "models" / found["serving"]["model"], body, content_type, accept)

    def log(self, name: str) -> list[str]:
        """The lines of an endpoint's log."""
        path = self._root / "logs" / name
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def score(self, name: str, model: Path, source: str, destination: str) -> None:
        """Run a batch job on CSV files."""
        with self._changed():
            answer = scored(model, Path(source).read_bytes(), "text/csv", "text/csv")
            Path(destination).write_bytes(answer[1])
            (self._root / "jobs" / name).write_text(destination, encoding="utf-8")

    def scored(self, name: str) -> str | None:
        """Where the predictions of a batch job are."""
        path = self._root / "jobs" / name
        return path.read_text(encoding="utf-8") if path.exists() else None

    @contextmanager
    def changing(self, name: str) -> Iterator[None]:
        """Be the only one who changes a deployment; the lock ends with its process."""
        with (self._root / "locks" / name).open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise HostError(f"{name} is being changed") from error
            yield

    def _settled(self, name: str) -> dict[str, Any] | None:
        """An endpoint, after what had to happen by now has happened."""
        found = self._read(name)
        if found is None:
            return None
        if found["wished"] and found["until"] <= time.time():
            found = self._brought_up(found)
            self._write(name, found)
        state = "in service" if found["serving"] else "failed"
        return {**found, "state": "starting" if found["wished"] else state}

    def _brought_up(self, found: dict[str, Any]) -> dict[str, Any]:
        try:
            load(self._root / "models" / found["wished"]["model"])
        except Exception as error:  # noqa: BLE001 - whatever a model does
            return {**found, "wished": None, "reason": f"the model does not start: {error}"}
        return {**found, "wished": None, "serving": found["wished"], "reason": None}

    def _all(self, kind: str) -> list[Path]:
        return sorted((self._root / kind).iterdir())

    def _read(self, name: str) -> dict[str, Any] | None:
        path = self._root / "endpoints" / name
        document: dict[str, Any] | None = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
        return document

    def _write(self, name: str, document: Mapping[str, Any]) -> None:
        written = self._root / "written"
        written.write_text(json.dumps(document), encoding="utf-8")
        written.replace(self._root / "endpoints" / name)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        descriptor = os.open(self._root, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    @contextmanager
    def _changed(self) -> Iterator[None]:
        with self._locked():
            with (self._root / "changes").open("a", encoding="utf-8") as changes:
                changes.write("+")
            yield


def load(path: Path) -> Any:
    """The model in a directory, by whose manifest the host goes."""
    from modelpack.pyfunc import load_model

    return load_model(path, trust=True)


def scored(path: Path, body: bytes, content_type: str, accept: str) -> tuple[int, bytes, str]:
    """What a model answers to a request."""
    from modelpack.data.codecs import decode, encode
    from modelpack.errors import ModelpackError

    model = load(path)
    try:
        payload = decode(body, content_type, signature=model.signature)
        return OK, encode(model.predict(payload.data, payload.params), accept), accept
    except ModelpackError as error:
        return REFUSED, str(error).encode(), "text/plain"


def serve(path: Path, address: tuple[str, int], tell: Callable[[str], None]) -> int:
    """Serve a model until SIGTERM comes."""
    import signal
    from threading import Thread

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            status, body, told = scored(path, self.rfile.read(length), self.headers["Content-Type"], "application/json")
            self.send_response(status)
            self.send_header("Content-Type", told)
            self.end_headers()
            self.wfile.write(body)

    with ThreadingHTTPServer(address, Handler) as server:
        signal.signal(signal.SIGTERM, lambda *_: Thread(target=server.shutdown).start())
        tell(f"listening on port {server.server_port}")
        server.serve_forever(poll_interval=0.05)
    return 0
