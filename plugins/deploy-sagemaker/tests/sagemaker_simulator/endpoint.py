"""An endpoint, and the fleets of servers behind it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sagemaker_simulator.traffic import Traffic

if TYPE_CHECKING:
    from sagemaker_simulator.calls import Params
    from sagemaker_simulator.container import Container


@dataclass(eq=False)
class Variant:
    """One variant of a fleet.

    Attributes:
        settings: What its configuration says.
        definition: The container of its model.
        weight: Its share of the traffic, beside those of the others.
        count: Its instances.
        desired_weight: What the weight becomes.
        desired_count: What the count becomes.
        image: The image by its digest.
        container: Its server, which stands for all instances; None before it is started.
        status: What goes on, in AWS's word.
        begun: When it was begun.
    """

    settings: Params
    definition: Params
    weight: float
    count: int
    desired_weight: float
    desired_count: int
    image: str | None = None
    container: Container | None = None
    status: str | None = "Creating"
    begun: float = field(default_factory=time.time)

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.settings["VariantName"])


@dataclass(eq=False)
class Fleet:
    """The variants that a configuration asks for.

    Attributes:
        config: The name of the configuration.
        content: What it said when it was put to use.
        production: The variants that answer.
        shadows: The variants that get copies of the requests.
        capture: How requests are captured.
    """

    config: str
    content: Params
    production: list[Variant]
    shadows: list[Variant]
    capture: Params | None

    @property
    def variants(self) -> list[Variant]:
        """All of them."""
        return [*self.production, *self.shadows]

    def stop(self) -> None:
        """End all servers."""
        for variant in self.variants:
            if variant.container is not None:
                variant.container.stop()


@dataclass(eq=False)
class Endpoint:
    """One endpoint.

    Attributes:
        name: Its name.
        arn: Its ARN.
        config: The name of the configuration that it has, or shall have while it is created.
        status: In AWS's word.
        fleet: What serves; None before that and after a failure.
        pending: What is to serve after an update.
        shifted: The part of the traffic that goes to what is pending.
        reason: Why the last change failed.
        deployment: How the last update was rolled out.
        traffic: Who gets the next request.
        created: When it was created.
        modified: When it was last changed.
        pending_since: When the update began.
    """

    name: str
    arn: str
    config: str
    status: str = "Creating"
    fleet: Fleet | None = None
    pending: Fleet | None = None
    shifted: float = 0.0
    reason: str | None = None
    deployment: Params | None = None
    traffic: Traffic[Variant] = field(default_factory=Traffic)
    created: float = field(default_factory=time.time)
    modified: float = field(default_factory=time.time)
    pending_since: float = 0.0

    def become(self, status: str, reason: str | None = None) -> None:
        """Change the state."""
        self.status, self.reason, self.modified = status, reason, time.time()

    @property
    def leading(self) -> Fleet | None:
        """The fleet that is asked where a request names a variant: the new one as soon as it has all the traffic."""
        return self.pending if self.pending is not None and self.shifted >= 1.0 else self.fleet

    def shares(self) -> dict[Variant, float]:
        """The part of the requests that each variant gets."""
        parts = [(self.fleet, 1.0 - self.shifted), (self.pending, self.shifted)]
        return {
            variant: part * variant.weight / total
            for fleet, part in parts
            if fleet is not None and part > 0 and (total := sum(each.weight for each in fleet.production)) > 0
            for variant in fleet.production
            if variant.weight > 0
        }
