"""TensorFlow itself, which comes as several distributions."""

from __future__ import annotations

from typing import Any

from modelpack.errors import MissingDependencyError


def tensorflow() -> Any:
    """The library.

    Raises:
        MissingDependencyError: None of its distributions is installed.
    """
    try:
        import tensorflow as tf
    except ModuleNotFoundError as error:
        if error.name != "tensorflow":
            raise
        raise MissingDependencyError(
            "tensorflow is not installed",
            hint='pip install "modelpack-flavor-tensorflow[tensorflow]", or where there is no GPU'
            ' pip install "modelpack-flavor-tensorflow[tensorflow-cpu]"',
        ) from error
    return tf


def distributions() -> list[str]:
    """The installed distributions that hold it, such as `tensorflow-cpu`."""
    from packaging.utils import canonicalize_name

    from modelpack.package.distributions import distributions_of

    return [str(canonicalize_name(name)) for name in distributions_of(["tensorflow"])] or ["tensorflow"]
