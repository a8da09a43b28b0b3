"""A deployment as core knows it, from what stands on the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelpack.deployments.records import Deployment
from modelpack_deploy_docker import naming
from modelpack_deploy_docker.faults import fault
from modelpack_deploy_docker.survey import is_running

if TYPE_CHECKING:
    from docker.models.containers import Container

    from modelpack.deployments.records import DeploymentState
    from modelpack_deploy_docker.survey import Survey

_ANY = {"0.0.0.0", "::", ""}  # noqa: S104 - read here, not listened on


def standing(found: Survey, machine: str) -> Deployment:
    """What stands; `machine` is where the engine publishes ports."""
    forwarder = found.forwarder
    if forwarder is None:
        return Deployment(name=found.name, state="pending" if found.servers else "absent")
    state = _state(found, forwarder)
    return Deployment(
        name=found.name,
        state=state,
        endpoint=_endpoint(forwarder, machine) if found.told.get("servers") else None,
        digest=found.told.get("digest"),
        revision=found.told.get("revision"),
        reason=_reason(found, forwarder),
        details={
            "containers": [container.name for container in (*found.forwarders, *found.servers)],
            "image": next((server.attrs["Config"]["Image"] for server in found.routed()), None),
            "replicas": f"{sum(map(is_running, found.routed()))}/{len(found.told.get('servers', ()))}",
        },
    )


def _state(found: Survey, forwarder: Container) -> DeploymentState:
    if not found.told.get("servers"):
        return "pending"
    if not found.serves() or not is_running(forwarder):
        return "failed"
    return "updating" if found.strays() or len(found.forwarders) > 1 else "ready"


def _reason(found: Survey, forwarder: Container) -> str | None:
    """Why something does not run, else why the last change failed."""
    faults = [fault(container) for container in (forwarder, *found.routed())]
    missing = len(found.told.get("servers", ())) - len(found.routed())
    if missing:
        faults.append(f"{missing} containers were removed by somebody else")
    told = [found.told.get("reason"), *faults]
    return "; ".join(reason for reason in told if reason) or None


def _endpoint(forwarder: Container, machine: str) -> str | None:
    bindings = forwarder.attrs["NetworkSettings"]["Ports"].get(f"{naming.PORT}/tcp") or []
    for binding in bindings:
        host = machine if binding["HostIp"] in _ANY else binding["HostIp"]
        return f"http://[{host}]:{binding['HostPort']}" if ":" in host else f"http://{host}:{binding['HostPort']}"
    return None
