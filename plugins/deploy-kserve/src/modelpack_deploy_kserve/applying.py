"""Making a cluster what the manifests say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from modelpack_deploy_kserve.manifests import annotation
from modelpack_deploy_kserve.standing import described

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelpack_deploy_kserve.cluster import Cluster
    from modelpack_deploy_kserve.manifests import Manifest

APPLIED = "modelpack/applied"
"""What was applied, on the object that owns the rest."""
BEFORE = "modelpack/before"
"""What was applied when the deployment was last ready: there, a failed update goes back to it."""


def converge(
    cluster: Cluster,
    owner: Manifest | None,
    wanted: list[Manifest],
    before: str | None,
    progress: Callable[[str], None],
) -> None:
    """Create, update and remove objects.

    Args:
        cluster: Where.
        owner: The object that owns the others, as it stands.
        wanted: The objects that shall stand, the owner first.
        before: What to go back to if this fails, as `APPLIED` holds it.
        progress: Called for each object.

    Raises:
        DeployError: The cluster refuses an object, or somebody else is changing the owner (`conflict`).
    """
    first, *others = wanted
    superfluous = superfluous_objects(owner, wanted)
    annotations = {APPLIED: json.dumps(wanted), **({BEFORE: before} if before is not None else {})}
    made = _with_owner(cluster, owner, first, annotations)
    progress(f"applied {first['kind'].lower()}/{first['metadata']['name']}")
    for each in others:
        reference = {"apiVersion": first["apiVersion"], "kind": first["kind"], "name": first["metadata"]["name"]}
        owned = [{**reference, "uid": made["metadata"]["uid"], "controller": True, "blockOwnerDeletion": True}]
        cluster.apply({**each, "metadata": {**each["metadata"], "ownerReferences": owned}})
        progress(f"applied {each['kind'].lower()}/{each['metadata']['name']}")
    for each in superfluous:
        cluster.delete(each["kind"], each["metadata"]["name"])
        progress(f"removed {each['kind'].lower()}/{each['metadata']['name']}")


def superfluous_objects(owner: Manifest | None, wanted: list[Manifest]) -> list[Manifest]:
    """What was applied before and is not wanted any more."""
    applied = annotation(owner, APPLIED)
    kinds = {each["kind"] for each in wanted}
    return [each for each in json.loads(applied) if each["kind"] not in kinds] if applied else []


def last_ready(owner: Manifest | None) -> str | None:
    """What to go back to when the next change fails."""
    is_ready = owner is not None and described(owner).state == "ready"
    return annotation(owner, APPLIED if is_ready else BEFORE)


def _with_owner(cluster: Cluster, owner: Manifest | None, first: Manifest, annotations: dict[str, str]) -> Manifest:
    """Create or update the owner, unless somebody else has done so since it was looked at."""
    metadata = {**first["metadata"], "annotations": {**first["metadata"]["annotations"], **annotations}}
    if owner is None:
        return cluster.create({**first, "metadata": metadata})
    version = owner["metadata"]["resourceVersion"]
    return cluster.apply({**first, "metadata": {**metadata, "resourceVersion": version}})
