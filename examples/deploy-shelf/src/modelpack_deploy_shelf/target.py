"""The target: what modelpack has to know of one place where models are deployed.

It puts models on a shelf: a directory. Each place that knows the shelf is marked YOURS.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from modelpack import DeployContext, PluginOptions, Target, hookimpl
from modelpack.deployments.records import Deployment, DeployRequest, Plan, Step
from modelpack.errors import InvalidArgumentError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence

RECORD = "deployment.json"  # what tells a deployment from anything else on the shelf


class ShelfOptions(PluginOptions):
    """What `-o key=value` takes for this target.

    Attributes:
        directory: The shelf. YOURS: a region, an account, a size of machine.
    """

    directory: Path


class ShelfTarget(Target[ShelfOptions]):
    """Deploys models to one place."""

    name = "shelf"
    options_type = ShelfOptions

    def plan(self, request: DeployRequest[ShelfOptions]) -> Plan:
        """Say what would change, and change nothing."""
        standing = self.get(request.name, request.options)
        if standing.digest == request.digest:
            return Plan()
        action = "create" if standing.state == "absent" else "update"
        step = Step(action, f"shelf/{request.name}", {"digest": request.digest})
        return Plan((step,))

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
        place = _place(name, options)  # YOURS: ask the platform
        if not (place / RECORD).is_file():
            return Deployment(name=name, state="absent")
        record = json.loads((place / RECORD).read_text(encoding="utf-8"))
        return Deployment(
            name=name,
            state="ready",
            endpoint=place.as_uri(),
            digest=record["digest"],
        )

    def list(self, options: ShelfOptions) -> Sequence[Deployment]:
        """Every deployment that modelpack made here, and no other."""
        records = sorted(options.directory.glob(f"*/{RECORD}"))
        return [self.get(record.parent.name, options) for record in records]

    def delete(self, name: str, options: ShelfOptions) -> None:
        """Remove the deployment; a second call has nothing to do and succeeds."""
        if self.get(name, options).state != "absent":
            shutil.rmtree(_place(name, options))

    def invoke(
        self,
        name: str,
        body: bytes,
        content_type: str,
        options: ShelfOptions,
    ) -> bytes:
        """Score one body and answer the predictions as JSON.

        YOURS: send the body to the endpoint. A shelf has none, so the model is loaded
        here. Whoever deployed it named its digest: only that very model is trusted.
        """
        from modelpack.data.codecs import decode, encode
        from modelpack.pyfunc import load_model

        standing = self.get(name, options)
        if standing.digest is None:
            raise NotFoundError(
                f"nothing is deployed as {name}",
                hint="deploy a model first",
            )
        model = load_model(_place(name, options) / "model", trust=standing.digest)
        payload = decode(body, content_type, signature=model.signature)
        return encode(model.predict(payload.data, payload.params), "application/json")


def _place(name: str, options: ShelfOptions) -> Path:
    """Where a deployment lies; a name never leads out of the shelf."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
        raise InvalidArgumentError(
            f"{name!r} cannot be the name of a deployment",
            hint="use letters, digits, - and _",
        )
    return options.directory.absolute() / name


def _put(request: DeployRequest[ShelfOptions], place: Path) -> None:
    """Write aside, then swap: who looks sees the old deployment or the new one."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=place.parent) as folder:
        new, old = Path(folder, "new"), Path(folder, "old")
        shutil.copytree(request.model_path, new / "model")
        record = json.dumps({"digest": request.digest})
        (new / RECORD).write_text(record, encoding="utf-8")
        if place.exists():
            place.rename(old)
        new.rename(place)


target = ShelfTarget()
