"""The conformance kit, for the example."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.testing import FlavorCase, FlavorTests

if TYPE_CHECKING:
    import pandas as pd

    from centroids import CentroidClassifier


def frame() -> pd.DataFrame:
    """Four flowers."""
    import pandas as pd

    return pd.DataFrame({"length": [1.4, 4.7, 6.0, 1.5], "width": [0.2, 1.4, 2.5, 0.1]})


def train() -> CentroidClassifier:
    """Learn three kinds from one flower each."""
    from centroids import CentroidClassifier

    rows = [{"length": 1.4, "width": 0.2}, {"length": 4.7, "width": 1.4}, {"length": 6.0, "width": 2.5}]
    return CentroidClassifier.fit(rows, ["setosa", "versicolor", "virginica"])


def predict(model: CentroidClassifier, rows: pd.DataFrame, **params: Any) -> list[str]:
    """How the library is used without modelpack."""
    return model.predict(rows.to_numpy(), **params)


class TestToy(FlavorTests):
    """The example does what every flavor does."""

    flavor = "toy"
    library = "centroids"
    distribution = "modelpack-flavor-toy"
    supports_params = True
    cases = (
        FlavorCase(
            name="three kinds",
            build=train,
            inputs=frame,
            predict=predict,
            params={"power": 2.0},
            other_params={"power": 1.0},
        ),
        FlavorCase(
            name="another file", build=train, inputs=frame, predict=predict, options={"file_name": "kinds.json"}
        ),
    )
