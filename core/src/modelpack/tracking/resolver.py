"""`runs:/<run_id>/<path>`: what was logged to a run, as a local path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelpack.errors import InvalidArgumentError, InvalidModelError, NotFoundError
from modelpack.paths import confined_path, relative_path
from modelpack.tracking.location import tracking_root
from modelpack.tracking.store import RunStore, valid_run_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_PREFIX = "runs:/"


def fetch(uri: str) -> Path:
    """The file or directory that a `runs:/` URI names, in the runs that modelpack or MLflow keeps here.

    Artifacts that MLflow keeps in another store are downloaded.

    Raises:
        InvalidArgumentError: The URI is malformed, or its path leaves the run.
        NotFoundError: There is no such run, or nothing was logged to it under that path.
    """
    run_id, path = parse_runs_uri(uri)
    store = RunStore(tracking_root())
    place = store.artifacts(run_id)
    if isinstance(place, str):
        from modelpack.stores.resolve import fetch as fetch_any

        return fetch_any(f"{place.rstrip('/')}/{path}")
    logged = list(store.logged_models(run_id))
    for candidate in _candidates(place, logged, path):
        if candidate.exists():
            return candidate
    names = sorted({*(file.name for file in place.glob("*")), *(name for name, _ in logged)})
    raise NotFoundError(
        f"nothing was logged to run {run_id} under {path!r}",
        hint=f"the run holds {', '.join(names) or 'nothing'}",
    )


def parse_runs_uri(uri: str) -> tuple[str, str]:
    """The run's id and the path in it, `.` for the run's artifacts as a whole.

    Raises:
        InvalidArgumentError: The URI is malformed, or its path leaves the run.
    """
    run_id, _, path = uri.removeprefix(_PREFIX).partition("/")
    if not uri.startswith(_PREFIX) or not run_id:
        raise InvalidArgumentError(
            f"{uri!r} names nothing in a run", hint="write runs:/<run_id>/<path>, with one slash"
        )
    try:
        return valid_run_id(run_id), str(relative_path(path.rstrip("/") or "."))
    except InvalidModelError as error:
        raise InvalidArgumentError(f"{uri!r} leads out of the run: {error.message}", hint=error.hint) from error


def _candidates(artifacts: Path, logged: Iterable[tuple[str, Path]], path: str) -> Iterator[Path]:
    yield confined_path(artifacts, path)
    name, _, rest = path.partition("/")
    for logged_name, directory in logged:
        if logged_name == name:
            yield confined_path(directory, rest or ".")
