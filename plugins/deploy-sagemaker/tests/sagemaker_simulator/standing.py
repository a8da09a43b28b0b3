"""What stands, by name."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from moto.s3.models import s3_backends

from sagemaker_simulator import scaling
from sagemaker_simulator.endpoint import Endpoint, Fleet, Variant
from sagemaker_simulator.place import ACCOUNT, Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sagemaker_simulator.account import Account
    from sagemaker_simulator.calls import Params
    from sagemaker_simulator.place import Place


def names(account: Account) -> Counter[str]:
    """Everything that somebody has made and that costs or clutters."""
    found = Counter(_objects())
    for place in account.places:
        with place.lock:
            found.update(_in_place(place))
    return found


def _in_place(place: Place) -> Iterator[str]:
    yield from (f"model/{name}" for name in place.models)
    yield from (f"endpoint-config/{name}" for name in place.configs)
    yield from (f"endpoint/{name}" for name in place.endpoints)
    yield from (f"transform-job/{name}" for name in place.jobs)
    yield from (f"scalable-target/{resource}" for resource, _ in scaling.registered(place.region))
    yield from (f"scaling-policy/{resource}/{name}" for resource, name in scaling.policies(place.region))


def _objects() -> Iterator[str]:
    for bucket in s3_backends[ACCOUNT]["aws"].buckets.values():
        yield from (f"s3://{bucket.name}/{key}" for key in list(bucket.keys))
        yield from (f"s3-upload://{bucket.name}/{each.key_name}" for each in list(bucket.multiparts.values()))


def add_foreign(place: Place, name: str) -> None:
    """Add an endpoint that somebody else has made; nothing runs behind it."""
    with place.lock:
        settings: Params = {
            "VariantName": "AllTraffic",
            "ModelName": name,
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 1,
            "InitialVariantWeight": 1.0,
        }
        content: Params = {"ProductionVariants": [settings]}
        model: Params = {"ModelName": name, "PrimaryContainer": {"Image": "theirs", "Mode": "SingleModel"}}
        place.models[name] = Record(name, place.arn("model", name), model)
        place.configs[name] = Record(name, place.arn("endpoint-config", name), {"EndpointConfigName": name, **content})
        variant = Variant(settings, model["PrimaryContainer"], 1.0, 1, 1.0, 1, image="theirs", status=None)
        endpoint = Endpoint(name, place.arn("endpoint", name), name, "InService")
        endpoint.fleet = Fleet(name, content, [variant], [], None)
        place.endpoints[name] = endpoint
        for record in (place.models[name], place.configs[name], endpoint):
            place.tag(record.arn, [])


def invocations(place: Place, name: str) -> dict[str, int]:
    """How many requests each variant has got."""
    with place.lock:
        endpoint = place.endpoints[name]
        fleets = [each for each in (endpoint.fleet, endpoint.pending) if each is not None]
        found: Counter[str] = Counter()
        for variant in (variant for fleet in fleets for variant in fleet.variants):
            found[variant.name] += variant.container.requests if variant.container else 0
        return dict(found)
