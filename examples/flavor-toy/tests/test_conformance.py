"""What every flavor has to do: the conformance kit, for this flavor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.testing import FlavorCase, FlavorTests

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    import pytest

    from toy_centroids import CentroidClassifier


def frame() -> pd.DataFrame:
    """Some rows to score. YOURS: what your models take."""
    import pandas as pd

    return pd.DataFrame(
        {"length": [1.4, 4.7, 6.0, 1.5], "width": [0.2, 1.4, 2.5, 0.1]},
    )


def train() -> CentroidClassifier:
    """A small model. YOURS: one of your library's; add cases for other kinds."""
    from toy_centroids import CentroidClassifier

    rows = [
        {"length": 1.4, "width": 0.2},
        {"length": 4.7, "width": 1.4},
        {"length": 6.0, "width": 2.5},
    ]
    return CentroidClassifier.fit(rows, ["setosa", "versicolor", "virginica"])


def predict(model: CentroidClassifier, rows: pd.DataFrame, **params: Any) -> list[str]:
    """How the library is used without modelpack: what the flavor has to answer."""
    return model.predict(rows.to_numpy(), **params)


class TestToy(FlavorTests):
    """The flavor does what every flavor does."""

    flavor = "toy"
    library = "toy_centroids"
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
            name="another file",
            build=train,
            inputs=frame,
            predict=predict,
            options={"file_name": "kinds.json"},
        ),
    )


def test_the_functions_save_and_load(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The package has MLflow's functions of a flavor."""
    from modelpack_flavor_toy import load_model, save_model

    monkeypatch.setenv("MODELPACK_HOME", str(tmp_path / "home"))
    model = train()
    save_model(model, tmp_path / "model", file_name="kinds.json")
    loaded = load_model(tmp_path / "model")
    assert predict(loaded, frame()) == predict(model, frame())
