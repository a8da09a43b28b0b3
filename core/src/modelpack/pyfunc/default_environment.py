"""The environment of a `PythonModel` that needs nothing else."""

from __future__ import annotations

from typing import Any


def get_default_conda_env() -> dict[str, Any]:
    """The conda environment that is written for a `PythonModel` when none is given (S40).

    A `conda_env` of your own is best made of this one.
    """
    from modelpack.package.environment import UserEnvironment, environment

    return dict(environment(UserEnvironment(), ["cloudpickle"], None).conda)
