"""Arrays, and mappings of arrays, for a tensor signature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from modelpack.errors import SchemaError
from modelpack.pyfunc.enforcement import Enforcer
from modelpack.schema.signature import ModelSignature, Tensor, TensorSchema

if TYPE_CHECKING:
    from modelpack.pyfunc.policy import Policy


def enforcer(*tensors: Tensor, policy: Policy = "safe") -> Enforcer:
    """An enforcer of these tensors."""
    return Enforcer(ModelSignature(inputs=TensorSchema(tensors)), policy)


def tensor(data: Any, dtype: str = "float32", shape: tuple[int, ...] = (-1, 2), policy: Policy = "safe") -> Any:
    """The data as a model with one unnamed tensor would see it."""
    return enforcer(Tensor(dtype, shape), policy=policy).inputs(data)


def complaint(data: Any, dtype: str = "float32", shape: tuple[int, ...] = (-1, 2), policy: Policy = "safe") -> str:
    """The message of the error that the data raises."""
    with pytest.raises(SchemaError) as caught:
        tensor(data, dtype, shape, policy)
    return caught.value.message


@pytest.mark.parametrize("policy", ["strict", "safe", "lenient"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "uint8", "bool", "str", "object", "datetime64"])
def test_an_array_that_fits_is_passed_on_as_it_is(policy: Policy, dtype: str) -> None:
    """It is the very object; the length of strings and the unit of dates are not in a signature."""
    data = np.zeros((3, 2), dtype=dtype) if "date" not in dtype else np.zeros((3, 2), dtype="datetime64[ns]")
    data = data.astype("U7") if dtype == "str" else data
    assert tensor(data, dtype, policy=policy) is data


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        ([[1, 2], [3, 4]], "float32"),
        ([[0.1, 2]], "float32"),
        (np.array([[0.1, 2]]), "float32"),
        (np.array([[1.0, 2.0]]), "int64"),
        ([[0, 255]], "uint8"),
        (np.array([[1, 2]], dtype=">i4"), "int32"),
        ([[1.5, None]], "float64"),
        ([["a", "bc"]], "str"),
        (np.array([["a", "bc"]], dtype=object), "str"),
        ([["2024-05-30", "2024-05-31T10:00"]], "datetime64[ns]"),
        ([[True, False]], "bool"),
        ([["a", 1]], "object"),
    ],
)
def test_safe_converts_element_types(data: Any, dtype: str) -> None:
    """Where no value changes save for rounding to the declared float, as in columns."""
    found = tensor(data, dtype)
    assert found.dtype.kind == np.dtype(dtype).kind
    assert dtype in {"str", "object"} or found.dtype == dtype
    assert found.shape == np.asarray(data).shape


@pytest.mark.parametrize(
    ("data", "dtype", "message"),
    [
        (np.array([[1.5, 2.0]]), "int64", "1.5 has no counterpart in int64"),
        ([[256, 0]], "uint8", "256 has no counterpart in uint8"),
        ([[2**53 + 1, 0]], "float64", "9007199254740993 has no counterpart in float64"),
        ([[1e39, 0]], "float32", "1e+39 has no counterpart in float32"),
        ([["a", "b"]], "float32", "it is <U1 such as 'a'"),
        ([[True, False]], "float32", "it is bool such as True"),
        ([[1, 0]], "bool", "it is int64 such as 1"),
        ([[1, 2]], "str", "it is int64 such as 1"),
        ([[1.0, None]], "int64", "it holds objects such as 1.0"),
        ([["now", "then"]], "datetime64[ns]", "'now' is not an ISO 8601 date"),
    ],
)
def test_safe_refuses_what_would_change_a_value(data: Any, dtype: str, message: str) -> None:
    """The error names the value."""
    assert complaint(data, dtype) == f"the input should be {dtype} of shape (-1, 2), but {message}"


def test_lenient_goes_further() -> None:
    """Booleans, numbers and text for each other."""
    assert tensor([[True, False]], policy="lenient").tolist() == [[1.0, 0.0]]
    assert tensor([["1.5", "2"]], policy="lenient").tolist() == [[1.5, 2.0]]
    assert tensor([[1, 0]], "bool", policy="lenient").tolist() == [[True, False]]
    assert tensor([[1, 0]], "str", policy="lenient").tolist() == [["1", "0"]]
    assert "2 is neither true nor false" in complaint([[1, 2]], "bool", policy="lenient")
    assert "it holds text" in complaint([["1,5", "2"]], policy="lenient")


def test_strict_wants_the_element_type() -> None:
    """Even where widening would lose nothing."""
    assert "but it is float32" in complaint(np.zeros((1, 2), dtype="float32"), "float64", policy="strict")


@pytest.mark.parametrize(
    ("data", "shape", "came"),
    [
        (np.zeros((3, 3)), (-1, 2), "(3, 3)"),
        (np.zeros((3, 2, 1)), (-1, 2), "(3, 2, 1)"),
        (np.zeros((2, 2)), (1, 2), "(2, 2)"),
        (3.0, (-1,), "()"),
    ],
)
def test_another_shape_is_refused(data: Any, shape: tuple[int, ...], came: str) -> None:
    """The error says which one was wanted and which one came."""
    assert complaint(data, "float64", shape) == f"the input should be float64 of shape {shape}, but it has shape {came}"


def test_one_row_without_its_axis_gets_a_hint() -> None:
    """It is the commonest mistake."""
    with pytest.raises(SchemaError) as caught:
        tensor([1.0, 2.0])
    assert caught.value.hint == "for one row, give a list that holds it"


@pytest.mark.parametrize("shape", [(-1, -1), (0, 2), (-1, 2)])
def test_an_axis_that_varies_takes_any_extent(shape: tuple[int, ...]) -> None:
    """None included."""
    assert tensor(np.zeros((0, 2), dtype="float32"), shape=shape).shape == (0, 2)


def test_rows_of_different_lengths_pass_where_the_signature_lets_them() -> None:
    """As an array of objects, which text models take."""
    found = tensor([[1, 2], [3]], "int64", (-1, -1))
    assert found.dtype == object
    assert [row.tolist() for row in found] == [[1, 2], [3]]
    assert "its rows differ in shape" in complaint([[1, 2], [3]])


def test_a_sparse_matrix_stays_sparse() -> None:
    """Its type and shape are checked all the same."""
    sparse = pytest.importorskip("scipy.sparse")
    fitting = sparse.csr_matrix(np.eye(2, dtype="float32"))
    assert tensor(fitting) is fitting
    found = tensor(sparse.csr_matrix(np.eye(2)))
    assert (found.dtype, found.format) == ("float32", "csr")
    assert "it has shape (3, 3)" in complaint(sparse.csr_matrix(np.eye(3)))


class TestFrames:
    """Tables for a tensor."""

    def test_a_frame_of_numbers_is_a_matrix(self) -> None:
        """Each row is one."""
        frame = pd.DataFrame({"a": [1, 2], "b": [0.5, 1.5]})
        assert tensor(frame, "float64").tolist() == [[1.0, 0.5], [2.0, 1.5]]

    def test_nullable_columns_have_nan(self) -> None:
        """A float tensor has no other way to miss a value."""
        frame = pd.DataFrame({"a": pd.array([1, None], dtype="Int64"), "b": pd.array([1, 2], dtype="Int64")})
        assert np.isnan(tensor(frame, "float64")[1, 0])

    @pytest.mark.parametrize("cells", [[[1, 2], [3, 4]], [np.array([1.0, 2.0]), np.array([3.0, 4.0])]])
    def test_a_column_of_lists_is_stacked(self, cells: list[Any]) -> None:
        """Each cell is a row of the tensor."""
        assert tensor(pd.DataFrame({"x": cells})).tolist() == [[1.0, 2.0], [3.0, 4.0]]

    def test_flattened_cells_take_the_shape_of_the_signature(self) -> None:
        """CSV and split JSON carry images so."""
        assert tensor(pd.DataFrame({"x": [[1, 2, 3, 4]]}), shape=(-1, 2, 2)).tolist() == [[[1.0, 2.0], [3.0, 4.0]]]

    @pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
    def test_a_column_of_numbers_is_a_vector(self, shape: tuple[int, ...]) -> None:
        """Or a matrix of one column, as the signature says."""
        for data in (pd.DataFrame({"x": [1.0, 2.0]}), pd.Series([1.0, 2.0])):
            assert tensor(data, shape=shape).shape == (2, *shape[1:])

    def test_an_arrow_table_is_a_frame(self) -> None:
        """Also one of lists."""
        pyarrow = pytest.importorskip("pyarrow")
        assert tensor(pyarrow.table({"x": [[1.0, 2.0]]})).tolist() == [[1.0, 2.0]]


class TestNames:
    """Several tensors, by name."""

    TENSORS = (Tensor("float32", (-1, 2), "x"), Tensor("int64", (-1,), "n"), Tensor("str", (-1,), "t", required=False))

    @pytest.mark.parametrize(
        "data",
        [
            {"x": np.array([[1.0, 2.0]], dtype="float32"), "n": np.array([3])},
            {"n": [3], "x": [[1, 2]]},
            [{"x": [1, 2], "n": 3}],
            pd.DataFrame({"x": [[1, 2]], "n": [3]}),
        ],
        ids=["arrays", "lists", "records", "frame"],
    )
    def test_a_mapping_may_come_in_many_shapes(self, data: Any) -> None:
        """The model sees a dict in the order of the signature, without what is optional and absent."""
        found = enforcer(*self.TENSORS).inputs(data)
        assert list(found) == ["x", "n"]
        assert found["x"].dtype == "float32"
        assert found["x"].tolist() == [[1.0, 2.0]]
        assert found["n"].tolist() == [3]

    def test_arrays_that_fit_are_not_copied(self) -> None:
        """They are the very objects."""
        x = np.zeros((1, 2), dtype="float32")
        assert enforcer(*self.TENSORS).inputs({"x": x, "n": [1]})["x"] is x

    def test_missing_tensors_are_named(self) -> None:
        """With those that came instead."""
        with pytest.raises(SchemaError, match="missing tensors: 'x'; unexpected tensors: 'X'") as caught:
            enforcer(*self.TENSORS).inputs({"X": [[1, 2]], "n": [1]})
        assert caught.value.hint == "perhaps rename 'X' to 'x'"

    def test_extra_tensors_are_dropped_but_under_strict(self) -> None:
        """As columns are."""
        data = {"x": np.zeros((1, 2), dtype="float32"), "n": np.array([1]), "z": 1}
        assert "z" not in enforcer(*self.TENSORS).inputs(data)
        with pytest.raises(SchemaError, match="unexpected tensors: 'z'"):
            enforcer(*self.TENSORS, policy="strict").inputs(data)

    def test_every_tensor_that_does_not_fit_is_named(self) -> None:
        """One answer tells all there is to repair."""
        with pytest.raises(SchemaError) as caught:
            enforcer(*self.TENSORS).inputs({"x": [1.0], "n": [1.5]})
        assert caught.value.message == (
            "tensor 'x' should be float32 of shape (-1, 2), but it has shape (1,); "
            "tensor 'n' should be int64 of shape (-1,), but 1.5 has no counterpart in int64"
        )

    def test_an_array_has_no_names(self) -> None:
        """The hint lists those that are wanted."""
        with pytest.raises(SchemaError, match="ndarray cannot be read as several tensors") as caught:
            enforcer(*self.TENSORS).inputs(np.zeros((1, 2)))
        assert caught.value.hint == "give a mapping with the keys 'x', 'n', 't'"

    def test_the_only_tensor_needs_no_name(self) -> None:
        """There is nothing to confuse it with."""
        found = enforcer(Tensor("float32", (-1, 2), "x")).inputs([[1, 2]])
        assert found["x"].tolist() == [[1.0, 2.0]]
