"""What the tests of the plugin share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from modelpack.testing.fixtures import modelpack_home  # noqa: F401 - a fixture

Make = Callable[..., Path]


class Line(tf.Module):  # type: ignore[misc]  # TensorFlow has no types
    """A linear function of two numbers, and another of named inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = tf.Variable([[2.0], [-1.0]])

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, name="x")])  # type: ignore[untyped-decorator]
    def __call__(self, x: Any) -> Any:
        """The values of some rows."""
        return x @ self.weights

    @tf.function(  # type: ignore[untyped-decorator]
        input_signature=[tf.TensorSpec([None], tf.float32, name="first"), tf.TensorSpec([None], tf.string, name="unit")]
    )
    def label(self, first: Any, unit: Any) -> Any:
        """Twice a number, and its text."""
        double = first * self.weights[0, 0]
        return {"double": double, "text": tf.strings.join([tf.strings.as_string(double, precision=1), unit])}


@pytest.fixture(scope="session")
def line() -> Any:
    """A module that can be called."""
    return Line()


@pytest.fixture(scope="session")
def line_directory(line: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The SavedModel of the module, with two signatures."""
    path = tmp_path_factory.mktemp("saved") / "line"
    tf.saved_model.save(line, str(path), signatures={"serving_default": line.__call__, "label": line.label})
    return path


@pytest.fixture
def saved_function(tmp_path: Path) -> Make:
    """Write the SavedModel of a module that has one function: `saved_function(function, *specs)` answers the place."""

    def make(function: Callable[..., Any], *specs: Any, **members: Any) -> Path:
        module = tf.Module()
        for name, member in members.items():
            setattr(module, name, member)
        module.serve = tf.function(function, input_signature=specs)
        path = tmp_path / "saved"
        tf.saved_model.save(module, str(path), signatures=module.serve)
        return path

    return make
