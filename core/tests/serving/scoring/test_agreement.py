from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from modelpack.serving.scoring.agreement import agree

NAN = float("nan")
FRAME = pd.DataFrame({"p": [0.25, NAN], "c": ["a", None], "n": pd.array([1, None], dtype="Int64")})


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (1, 1),
        ("a", "a"),
        (None, None),
        (NAN, NAN),
        (0.1 + 0.2, 0.3),
        ([1.0, {"a": (1, "b")}], [1.0 + 1e-12, {"a": (1, "b")}]),
        (np.array([1.0, NAN]), np.array([1.0 + 1e-12, NAN])),
        (np.array([np.inf, -np.inf]), np.array([np.inf, -np.inf])),
        (np.array([0.1], dtype="float32"), np.array([0.1 + 1e-7], dtype="float32")),
        (np.array(["a", None], dtype="O"), np.array(["a", None], dtype="O")),
        (np.array([[1e-20, 1.0]]), np.array([[3e-20, 1.0]])),
        (np.array(["NaT", "2024-01-01"], dtype="M8[s]"), np.array(["NaT", "2024-01-01"], dtype="M8[s]")),
        (np.ones(0), np.ones(0)),
        (FRAME, FRAME.copy()),
        (FRAME["p"], FRAME["p"] * (1 + 1e-12)),
    ],
)
def test_equal_answers_agree(left: Any, right: Any) -> None:
    """Up to what another order of summing may change."""
    assert agree(left, right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (1, 1.0),
        (1, True),
        ([1], (1,)),
        ([1], [1, 2]),
        (0.3, 0.31),
        ({"a": 1}, {"b": 1}),
        (np.array([1.0]), np.array([1.0 + 1e-6])),
        (np.array([1.0]), np.array([1.0], dtype="float32")),
        (np.array([1]), np.array([2])),
        (np.array([1.0]), np.array([[1.0]])),
        (np.array([NAN]), np.array([0.0])),
        (np.array([np.inf]), np.array([1e308])),
        (np.array([[1e9, 0.5], [1e9, 0.5]]), np.array([[1e9, 0.5001], [1e9, 0.5]])),
        (FRAME, FRAME.assign(p=[0.25, 0.0])),
        (FRAME, FRAME.rename(columns={"p": "q"})),
        (FRAME, FRAME.iloc[::-1]),
        (FRAME, FRAME.assign(n=[1, 2])),
        (FRAME["p"], FRAME["p"].rename("q")),
        (object(), object()),
        (math.inf, -math.inf),
    ],
)
def test_other_answers_do_not(left: Any, right: Any) -> None:
    """Types, names and order count."""
    assert not agree(left, right)
