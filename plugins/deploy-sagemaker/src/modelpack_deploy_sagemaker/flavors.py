"""Whose view of a model the container serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelpack.errors import DeployError

if TYPE_CHECKING:
    from modelpack.schema.mlmodel import MLmodel

GENERIC = "python_function"
FLAVORS = (GENERIC, "mleap")


def chosen_flavor(mlmodel: MLmodel, wanted: str | None) -> str:
    """Whose view of a model is served: the one that is wanted, else mleap, else the generic one (S126).

    Raises:
        DeployError: The model has no such view.
    """
    present = mlmodel.flavors
    if wanted is not None and wanted not in present:
        raise DeployError(
            f"the model has no flavor {wanted}; it has {', '.join(present)}",
            code="rejected",
            hint=f"SageMaker's container serves {' and '.join(FLAVORS)}",
        )
    usable = [wanted] if wanted else [each for each in ("mleap", "python_function") if each in present]
    if not usable:
        raise DeployError(
            f"the model has no flavor that SageMaker's container serves; it has {', '.join(present)}",
            code="rejected",
            hint=f"save it with one of {' and '.join(FLAVORS)}",
        )
    return usable[0]


def container_variables(flavor: str, digest: str) -> dict[str, str]:
    """What the container is told: whose view of the model it serves, and which model it may trust (S130)."""
    chosen = {} if flavor == GENERIC else {"MODELPACK_FLAVOR": flavor}
    return {"MODELPACK_TRUST": digest, **chosen, "deployment_flavor_name": flavor}
