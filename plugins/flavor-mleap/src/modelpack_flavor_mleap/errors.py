"""What goes wrong when a model is made into a bundle."""

from __future__ import annotations

from modelpack.errors import InvalidArgumentError


class MLeapSerializationException(InvalidArgumentError):  # noqa: N818 - the name that it has in MLflow (S96)
    """A model, or one of its stages, cannot be written as a bundle; nothing of it is left."""
