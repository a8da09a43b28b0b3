"""The room that NumPy takes for texts."""

from __future__ import annotations

import tracemalloc
from typing import Any

import orjson
import pytest

from modelpack.data.codecs import decode
from modelpack.data.text_sizes import check_text_size
from modelpack.errors import DataFormatError
from modelpack.schema.signature import ModelSignature, Tensor, TensorSchema

FLOATS = ModelSignature(inputs=TensorSchema((Tensor("float32", (-1,)),)))


@pytest.mark.parametrize("signature", [FLOATS, None], ids=["tensor", "no signature"])
def test_one_long_text_takes_no_room_for_many_short_ones(signature: ModelSignature | None) -> None:
    """A body of some kilobytes does not become an array of a gigabyte."""
    body = orjson.dumps({"inputs": ["1"] * 15_000 + ["1" * 15_000]})
    tracemalloc.start()
    with pytest.raises(DataFormatError, match="an array of 15001 texts, the longest of 15000 characters"):
        decode(body, "application/json", signature=signature)
    assert tracemalloc.get_traced_memory()[1] < 4_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    "items", [[], [1.5], ["a" * 10_000], ["a", None, 3], [["a"] * 100] * 100, [["a"], 5], [[[]]], ["a" * 100_000] * 100]
)
def test_texts_of_about_one_length_pass(items: list[Any]) -> None:
    """So do numbers, and lists that are no tensor, which others judge."""
    check_text_size(items)


@pytest.mark.parametrize("items", [[["a"], ["a" * 70_000_000]], [b"a", b"a" * 40_000_000]])
def test_texts_are_looked_for_in_nested_lists(items: list[Any]) -> None:
    """At any depth, and bytes as well."""
    with pytest.raises(DataFormatError, match="larger than 256 MB"):
        check_text_size(items)
