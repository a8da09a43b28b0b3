from __future__ import annotations

import pytest

from modelpack.plugins.naming import nearest, normalized, pip_line


@pytest.mark.parametrize("spelling", ["Modelpack_Flavor.Toy", "modelpack--flavor-toy", "MODELPACK-FLAVOR-TOY"])
def test_spellings_of_a_distribution_are_one(spelling: str) -> None:
    """Names compare as package indexes compare them."""
    assert normalized(spelling) == "modelpack-flavor-toy"


def test_the_nearest_name_is_found() -> None:
    """A typing error finds the name that was meant."""
    assert nearest("xgbost", ["lightgbm", "sklearn", "xgboost"]) == "xgboost"


def test_a_name_like_no_other_has_no_nearest() -> None:
    """Nothing is suggested when nothing is near."""
    assert nearest("spark", ["xgboost"]) is None


@pytest.mark.parametrize(
    ("kind", "name", "line"),
    [
        ("flavor", "xgboost", "pip install modelpack-flavor-xgboost"),
        ("target", "sagemaker", "pip install modelpack-deploy-sagemaker"),
        ("flavor", "spark_nlp", "pip install modelpack-flavor-spark-nlp"),
        ("wrapper", "audit", None),
        ("flavor", "x; rm -rf ~", None),
        ("flavor", "--index-url=https://evil.test", None),
        ("flavor", "", None),
    ],
)
def test_the_pip_line_follows_the_naming_rule(kind: str, name: str, line: str | None) -> None:
    """The line installs the plugin of that name; a name from a file that is none is never offered to a shell."""
    assert pip_line(kind, name) == line
