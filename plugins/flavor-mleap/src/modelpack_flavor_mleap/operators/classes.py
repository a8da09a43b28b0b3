"""What every classifier answers: raw numbers, probabilities, and the class."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelpack_flavor_mleap.columns import Columns
    from modelpack_flavor_mleap.node import Node
    from modelpack_flavor_mleap.sparse import Array


class Classes:
    """Writes the columns that a classifier's shape names."""

    def __init__(self, node: Node) -> None:
        """Find the columns, and the thresholds of the classes where there are some."""
        self._prediction = node.output("prediction")
        outputs = node.outputs
        self._raw = outputs.get("raw_prediction", outputs.get("rawPrediction"))
        self._probability = outputs.get("probability")
        attributes = node.attributes
        self._thresholds = attributes.numbers("thresholds") if "thresholds" in attributes else None
        if self._thresholds is not None and len(self._thresholds) != attributes.whole("num_classes"):
            raise attributes.wrong("thresholds", f"a list of {len(self._thresholds)}, which is not one for each class")

    def write(
        self,
        columns: Columns,
        raw: Array,
        to_probability: Callable[[Array], Array] | None,
        predicted: Callable[[Array], Array] | None = None,
    ) -> None:
        """Write raw numbers, the probabilities that they make, and the class of each row.

        Args:
            columns: Where to.
            raw: A number for each class.
            to_probability: None for a classifier that has none.
            predicted: How the class follows from the raw numbers; by default it is the one with the largest.
        """
        if self._raw is not None:
            columns[self._raw] = raw
        needs = self._probability is not None or self._thresholds is not None
        probability = to_probability(raw) if to_probability is not None and needs else None
        if self._probability is not None and probability is not None:
            columns[self._probability] = probability
        columns[self._prediction] = self._class(raw, probability, predicted)

    def _class(self, raw: Array, probability: Array | None, predicted: Callable[[Array], Array] | None) -> Array:
        import numpy as np

        if self._thresholds is not None and probability is not None:
            with np.errstate(divide="ignore", invalid="ignore"):
                scaled = np.where(
                    self._thresholds == 0, np.where(probability == 0, 0.0, np.inf), probability / self._thresholds
                )
            return scaled.argmax(axis=1).astype(float)
        return predicted(raw) if predicted is not None else raw.argmax(axis=1).astype(float)


def two_sided(margin: Array) -> Array:
    """The raw numbers of two classes from the margin of the second."""
    import numpy as np

    return np.stack([-margin, margin], axis=1)


def sigmoid_pair(raw: Array) -> Array:
    """The probabilities of two classes from their raw numbers."""
    import numpy as np

    with np.errstate(over="ignore"):
        first = 1.0 / (1.0 + np.exp(-raw[:, 0]))
    return np.stack([first, 1.0 - first], axis=1)


def softmax(raw: Array) -> Array:
    """The probabilities of classes from their margins, or logarithms."""
    import numpy as np

    exponentials = np.exp(raw - raw.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def shares(raw: Array) -> Array:
    """The probabilities of classes from their votes."""
    import numpy as np

    total = raw.sum(axis=1, keepdims=True)
    return raw / np.where(total == 0, 1.0, total)
