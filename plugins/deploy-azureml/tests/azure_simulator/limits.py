"""The limits that Azure's documents give, beyond its schemas.

Sources: "Manage and increase quotas" (names, timeouts, deployments, instances), "Use tags to organize your resources",
"Safe rollout for online endpoints" (mirrored traffic), and the messages of "Troubleshoot online endpoints".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from azure_simulator.messages import Document, ServiceError

if TYPE_CHECKING:
    from collections.abc import Collection

NAME = re.compile(r"[a-zA-Z](?:-?[a-zA-Z0-9]){2,31}")
LONGEST_NAME = 32
DEPLOYMENTS = 20
INSTANCES = 50
TIMEOUTS = {"Managed": 180.0, "Kubernetes": 300.0}
MIRRORED = 50
TAGS = 50
TAG = 256
INSTANCE_TYPE = re.compile(r"Standard_[A-Z]+\d\w*")
DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")


def check_name(what: str, name: str) -> None:
    """Refuse a name of an endpoint or a deployment that Azure would not take."""
    if len(name) > LONGEST_NAME or not NAME.fullmatch(name):
        raise _bad(
            f"{what} name '{name}' is invalid: it must be 3 to 32 characters long, begin with a letter, and have only "
            "letters, digits and single dashes between them."
        )


def seconds(duration: str) -> float:
    """The length of an ISO 8601 duration."""
    match = DURATION.fullmatch(duration)
    if match is None:
        raise _bad(f"'{duration}' is not an ISO 8601 duration.")
    days, hours, minutes, rest = (float(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + rest


def check_tags(document: Document) -> None:
    """Refuse more tags, or longer ones, than Resource Manager keeps."""
    tags = document.get("tags") or {}
    if len(tags) > TAGS:
        raise _bad(f"A resource has at most {TAGS} tags; it has {len(tags)}.")
    for name, value in tags.items():
        if len(name) > 2 * TAG or len(value) > TAG:
            raise _bad(f"The tag {name[:40]} is too long: names have at most 512 characters, and values 256.")


def check_traffic(properties: Document, deployments: Collection[str]) -> None:
    """Refuse shares of deployments that do not stand, or that do not add up."""
    traffic, mirrored = properties.get("traffic") or {}, properties.get("mirrorTraffic") or {}
    strangers = sorted({*traffic, *mirrored} - set(deployments))
    if strangers:
        raise _bad(f"Traffic is assigned to deployments that do not exist: {', '.join(strangers)}.")
    if any(share < 0 for share in [*traffic.values(), *mirrored.values()]) or sum(traffic.values()) not in {0, 100}:
        raise _bad(f"The sum of traffic must be 0 or 100; it is {sum(traffic.values())}.")
    _check_mirrored(traffic, mirrored)


def _check_mirrored(traffic: Document, mirrored: Document) -> None:
    chosen = {name for name, share in mirrored.items() if share}
    if len(chosen) > 1:
        raise _bad("Traffic can be mirrored to one deployment only.")
    if sum(mirrored.values()) > MIRRORED:
        raise _bad(f"At most {MIRRORED} percent of the traffic can be mirrored.")
    if any(traffic.get(name) for name in chosen):
        raise _bad("A deployment can receive live traffic or mirrored traffic, but not both.")


def check_deployment(document: Document) -> None:
    """Refuse a deployment with too many instances, or too long a timeout."""
    check_tags(document)
    properties = document["properties"]
    capacity = (document.get("sku") or {}).get("capacity", 1)
    if not 1 <= capacity <= INSTANCES:
        raise _bad(f"A deployment has 1 to {INSTANCES} instances; {capacity} were asked for.")
    compute = properties["endpointComputeType"]
    longest = TIMEOUTS[compute]
    timeout = (properties.get("requestSettings") or {}).get("requestTimeout")
    if timeout is not None and not 0 < seconds(timeout) <= longest:
        raise _bad(f"requestTimeout must be at most {longest:g} seconds for {compute} endpoints; it is {timeout}.")
    if compute == "Managed" and not properties.get("instanceType"):
        raise _bad("instanceType is required for managed online deployments.")
    if compute == "Managed" and not INSTANCE_TYPE.fullmatch(properties["instanceType"]):
        raise _bad(f"The instance type {properties['instanceType']} is not supported.")
    scaling = (properties.get("scaleSettings") or {}).get("scaleType", "Default")
    if compute == "Managed" and scaling != "Default":
        raise _bad("Managed online deployments scale by Azure Monitor: scaleType must be Default.")
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        for part in ("initialDelay", "period", "timeout"):
            if (properties.get(probe) or {}).get(part) is not None:
                seconds(properties[probe][part])


def _bad(message: str) -> ServiceError:
    return ServiceError(400, "BadArgument", message)
