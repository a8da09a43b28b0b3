"""What is remembered of a deployment: what was wished, and how far its keeper has come."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from pathlib import Path


class Record(BaseModel):
    """A small file that is replaced as a whole, and that only the user can read."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """The record in a file; None when there is none."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None

    def write(self, path: Path) -> None:
        """Put the record into a file; who reads meanwhile finds the old one or the new one."""
        unfinished = path.with_name(f"{_unfinished(path)}{os.getpid()}")
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(self.model_dump_json())
        unfinished.replace(path)


def is_unfinished(path: Path, whole: Path) -> bool:
    """Whether a file is what will become a record, while it is written."""
    return path.parent == whole.parent and path.name.startswith(_unfinished(whole))


def _unfinished(path: Path) -> str:
    return f".{path.name}-"


class Wish(Record):
    """What shall stand.

    Attributes:
        id: Tells this wish from an equal one before.
        name: The deployment's name.
        revision: See `Plan.revision`.
        digest: The digest of the model.
        host: The public address.
        port: The public port; 0 for a free one.
        grace: Seconds that requests have to finish when a server ends.
        start_timeout: Seconds that a server has to become ready.
        arguments: The arguments of `modelpack serve`.
        environment: Variables of the server's environment.
        settings: The options that led to this, without secrets.
    """

    id: str
    name: str
    revision: str
    digest: str
    host: str
    port: int
    grace: float
    start_timeout: float
    arguments: list[str]
    environment: dict[str, str]
    settings: dict[str, Any]


class Status(Record):
    """How far the keeper has come.

    Attributes:
        wish: The id of the wish that was last dealt with, or is being dealt with.
        state: As `Deployment.state`.
        revision: Of what serves.
        digest: Of what serves.
        endpoint: Where it serves.
        port: The public port.
        reason: Why the last change failed, or what happened to the server.
        server: The server's process id.
    """

    wish: str
    state: Literal["pending", "updating", "ready", "failed", "deleting"]
    revision: str | None = None
    digest: str | None = None
    endpoint: str | None = None
    port: int = 0
    reason: str | None = None
    server: int | None = None
