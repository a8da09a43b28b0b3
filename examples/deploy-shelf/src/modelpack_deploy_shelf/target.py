"""The target: what modelpack has to know of one place where models are deployed.

It puts models on a shelf: a directory with one archive for each deployment. Each place
that knows the shelf is marked YOURS.
"""

from __future__ import annotations

import json
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zipfile import BadZipFile, ZipFile

from modelpack import DeployContext, PluginOptions, Target, hookimpl
from modelpack.deployments.records import (
    Deployment,
    DeployRequest,
    Finding,
    Invocation,
    InvocationAnswer,
    Plan,
    Step,
    revision_of,
)
from modelpack.errors import DeployError, ModelpackError
from pydantic import Field

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelpack.pyfunc import PyFuncModel

MADE_BY = "modelpack"  # what tells our archives from anything else on the shelf


class ShelfOptions(PluginOptions):
    """What `-o key=value` takes for this target. YOURS: a region, a size of machine."""

    directory: Annotated[Path, Field(description="where the deployments lie")]
    note: Annotated[str, Field(description="what to write on the deployment")] = ""


class ShelfTarget(Target[ShelfOptions]):
    """Deploys models to one place."""

    name = "shelf"
    options_type = ShelfOptions

    def check(self, request: DeployRequest[ShelfOptions]) -> Iterator[Finding]:
        """Find what would make the deployment fail, before anything is changed."""
        place = _place(request.name, request.options)
        if place.exists() and _record(place) is None:
            yield Finding(
                level="error",
                message=f"{place} was made by something else",
                hint="choose another name",
            )

    def plan(self, request: DeployRequest[ShelfOptions]) -> Plan:
        """Say what would change, and change nothing."""
        record = _record(_place(request.name, request.options)) or {}
        wished = _wish(request)
        if record == wished:
            return Plan(revision=wished["revision"])
        action = "update" if record else "create"
        before = {key: record[key] for key in record if record[key] != wished.get(key)}
        step = Step(action, f"shelf/{request.name}", wished, before)
        return Plan((step,), revision=wished["revision"])

    @hookimpl
    def modelpack_deploy(self, context: DeployContext[ShelfOptions]) -> Deployment:
        """Apply the plan, and return as soon as the change is accepted."""
        request = context.request
        for step in context.plan.steps:
            _put(request, _place(request.name, request.options))
            context.progress(f"{step.action} {step.resource}: done")
        return self.get(request.name, request.options)

    def get(self, name: str, options: ShelfOptions) -> Deployment:
        """What stands under the name now; absent is a state, not an error."""
        place = _place(name, options)
        record = _record(place)  # YOURS: ask the platform
        if record is None:
            return Deployment(name=name, state="absent")
        return Deployment(
            name=name,
            state="ready",
            endpoint=place.as_uri(),
            digest=record["digest"],
            revision=record["revision"],
            details={"note": record["note"]},
        )

    def list(self, options: ShelfOptions) -> Iterator[Deployment]:
        """Every deployment that modelpack made here, and no other."""
        for path in sorted(options.directory.glob("*.zip")):
            deployment = self.get(path.stem, options)
            if deployment.state != "absent":
                yield deployment

    def delete(self, name: str, options: ShelfOptions) -> None:
        """Remove the deployment; a second call has nothing to do and succeeds."""
        if self.get(name, options).state != "absent":
            _place(name, options).unlink(missing_ok=True)

    def invoke(
        self,
        name: str,
        invocation: Invocation,
        options: ShelfOptions,
    ) -> InvocationAnswer:
        """Score one body.

        YOURS: send the body to the endpoint. A shelf has none, so the model is loaded
        here.
        """
        from modelpack.data.codecs import decode, encode

        if self.get(name, options).state == "absent":
            raise DeployError(
                f"nothing is deployed as {name}",
                code="not_deployed",
                hint="deploy a model first",
            )
        accept = invocation.accept or "application/json"
        form, body = invocation.content_type, invocation.body
        try:
            with _loaded(_place(name, options)) as model:
                payload = decode(body, form, signature=model.signature)
                predicted = model.predict(payload.data, payload.params)
                answer = encode(predicted, accept)
        except ModelpackError as error:
            raise DeployError(error.message, code="invocation_failed") from error
        return InvocationAnswer(body=answer, content_type=accept)


def _place(name: str, options: ShelfOptions) -> Path:
    """Where a deployment lies. A name has no signs that would lead out of the shelf."""
    return options.directory.absolute() / f"{name}.zip"


def _wish(request: DeployRequest[ShelfOptions]) -> dict[str, str]:
    """What the record of the deployment shall say."""
    note = request.options.note  # YOURS: every option that changes what stands
    revision = revision_of(request.digest, {"note": note})
    return {"digest": request.digest, "revision": revision, "note": note}


def _record(place: Path) -> dict[str, str] | None:
    """What was written on an archive; None when there is none, or it is not ours."""
    try:
        with ZipFile(place) as archive:
            record: Any = json.loads(archive.comment)
    except (OSError, BadZipFile, ValueError):
        return None
    if not isinstance(record, dict):
        return None
    found: dict[str, str] | None = record.get(MADE_BY)
    return found


def _put(request: DeployRequest[ShelfOptions], place: Path) -> None:
    """Write aside, try, and replace: who looks sees the deployment before or this one.

    The archive is one file, so that it is there whole, however many write at a time.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=place.parent) as folder:
        made = Path(folder, "new.zip")
        with ZipFile(made, "w", strict_timestamps=False) as archive:
            for path in sorted(request.model_path.rglob("*")):
                archive.write(path, path.relative_to(request.model_path))
            archive.comment = json.dumps({MADE_BY: _wish(request)}).encode()
        try:
            with _loaded(made):
                pass  # YOURS: wait until the new server is healthy
        except ModelpackError as error:
            raise DeployError(
                f"the model cannot be loaded: {error.message}",
                code="rolled_back" if place.exists() else "failed",
            ) from error
        made.replace(place)


@contextmanager
def _loaded(place: Path) -> Iterator[PyFuncModel]:
    """The model in an archive of ours.

    Whoever deployed it named its digest: only that very model is trusted.
    """
    from modelpack.pyfunc import load_model

    with tempfile.TemporaryDirectory() as folder:
        with ZipFile(place) as archive:
            record = json.loads(archive.comment)[MADE_BY]
            archive.extractall(folder)
        yield load_model(folder, trust=record["digest"])


target = ShelfTarget()
