"""Bundles that MLeap's own Python package wrote of scikit-learn's pipelines (`recorded/record.py`)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import modelpack_flavor_mleap

RECORDED = sorted((Path(__file__).parent / "recorded").glob("mleap-python-*"))


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.name.removeprefix("mleap-python-"))
def test_bundles_of_the_python_package_answer_what_scikit_learn_answered(path: Path) -> None:
    """Numbers to a billionth, classes as they are, vectors element by element."""
    told = json.loads((path / "expected.json").read_text())
    bundle = modelpack_flavor_mleap.read_bundle(path / "bundle.zip")
    found = bundle.predict(pd.DataFrame(told["rows"]))
    expected = np.array(told["expected"])
    np.testing.assert_allclose(found, expected.reshape(found.shape), rtol=1e-9, atol=1e-9)


def test_something_was_recorded() -> None:
    """The cases above are there."""
    assert len(RECORDED) >= 11
