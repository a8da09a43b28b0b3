"""What becomes of a column's values, by type and policy."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from modelpack.errors import SchemaError
from modelpack.pyfunc.enforcement import Enforcer
from modelpack.schema.signature import AnyType, Column, ColumnSchema, DataType, ModelSignature

if TYPE_CHECKING:
    from modelpack.pyfunc.policy import Policy

TEXT = str(pd.Series(["text"]).dtype)


def column(values: Any, wanted: DataType, policy: Policy = "safe", *, required: bool = True) -> pd.Series[Any]:
    """The values as the model would see them."""
    schema = ColumnSchema((Column(wanted, "x", required),))
    frame = Enforcer(ModelSignature(inputs=schema), policy).inputs({"x": values})
    found: pd.Series[Any] = frame["x"]
    return found


def complaint(values: Any, wanted: DataType, policy: Policy = "safe", *, required: bool = True) -> SchemaError:
    """The error that the values raise."""
    with pytest.raises(SchemaError) as caught:
        column(values, wanted, policy, required=required)
    return caught.value


@pytest.mark.parametrize(
    ("wanted", "values", "dtype"),
    [
        (DataType.BOOLEAN, [True, False], "bool"),
        (DataType.INTEGER, [1, -(2**31)], "int32"),
        (DataType.LONG, [1, 2**62], "int64"),
        (DataType.FLOAT, [1.5, -2.0], "float32"),
        (DataType.DOUBLE, [1.5, 1e300], "float64"),
        (DataType.STRING, ["a", "ü"], TEXT),
        (DataType.BINARY, [b"a", b""], "object"),
        (DataType.DATETIME, [dt.datetime(2024, 5, 30, 10), dt.datetime(2024, 6, 1)], "datetime64[ns]"),  # noqa: DTZ001
    ],
)
def test_each_type_has_one_dtype(wanted: DataType, values: list[Any], dtype: str) -> None:
    """The dtype follows from the signature, and the values are those given."""
    found = column(values, wanted)
    assert str(found.dtype) == dtype
    assert found.tolist() == values


@pytest.mark.parametrize("wanted", list(DataType))
def test_no_rows_have_the_dtype_of_their_type(wanted: DataType) -> None:
    """An empty column is of the same dtype as a full one."""
    assert column([], wanted).dtype == column([], wanted, "lenient").dtype
    assert len(column([], wanted)) == 0


class TestIntegers:
    """Columns of type integer and long."""

    def test_whole_floats_are_integers(self) -> None:
        """JSON and CSV make floats of integers beside a gap, and JavaScript writes 3.0 as 3."""
        assert column([1.0, 2.0], DataType.LONG).tolist() == [1, 2]

    def test_integers_beside_a_missing_value_stay_integers(self) -> None:
        """A nullable column holds them exactly, beyond what a float can hold."""
        found = column([2**53 + 1, None], DataType.LONG, required=False)
        assert str(found.dtype) == "Int64"
        assert found.tolist() == [2**53 + 1, pd.NA]

    @pytest.mark.parametrize(
        "values",
        [pd.Series([1.0, math.nan]), pd.Series([1, None], dtype="Int64"), pd.Series([1, None], dtype="object")],
    )
    def test_missing_values_look_the_same_however_they_came(self, values: pd.Series[Any]) -> None:
        """NaN, NA and None in an optional integer column are one and the same."""
        pd.testing.assert_series_equal(
            column(values, DataType.INTEGER, required=False), pd.Series([1, None], dtype="Int32", name="x")
        )

    def test_a_nullable_column_without_gaps_is_a_plain_one(self) -> None:
        """The dtype does not depend on the library that made the frame."""
        assert str(column(pd.Series([1, 2], dtype="Int64"), DataType.LONG).dtype) == "int64"

    def test_a_required_integer_has_to_be_there(self) -> None:
        """The error names the row, and says how a column becomes optional."""
        error = complaint([1, None, 3], DataType.LONG)
        assert error.message == "column 'x' should be long, but there is no value in row 1"
        assert "required: false" in str(error.hint)

    def test_lenient_takes_gaps_in_a_required_column(self) -> None:
        """The caller has asked for whatever has a meaning."""
        assert column([1, None], DataType.LONG, "lenient").tolist() == [1, pd.NA]

    @pytest.mark.parametrize("policy", ["safe", "lenient"])
    def test_a_fraction_is_never_cut_off(self, policy: Policy) -> None:
        """The error names the value and the row."""
        error = complaint([1.0, 2.5], DataType.LONG, policy)
        assert error.message == "column 'x' should be long, but 2.5 is not a whole number in row 1"

    @pytest.mark.parametrize("value", [2**31, -(2**31) - 1, 3e9])
    def test_values_out_of_range_are_refused(self, value: float) -> None:
        """An integer has 32 bits."""
        assert "is out of range, -2147483648 to 2147483647 in row 1" in complaint([0, value], DataType.INTEGER).message

    @pytest.mark.parametrize("value", [2**63, 2.0**63, 10**30, math.inf])
    def test_values_beyond_64_bits_are_refused(self, value: float) -> None:
        """Neither wraps round nor saturates."""
        assert complaint([value], DataType.LONG).message.endswith("in row 0")

    def test_unsigned_and_narrow_integers_fit(self) -> None:
        """Widening loses nothing, and narrowing is checked."""
        assert column(np.array([1, 255], dtype="uint8"), DataType.LONG).tolist() == [1, 255]
        assert column(np.array([7], dtype="uint64"), DataType.INTEGER).tolist() == [7]

    @pytest.mark.parametrize("value", ["7", " 7 ", "7.0", "7e0"])
    def test_text_is_a_number_only_under_lenient(self, value: str) -> None:
        """A number in quotes may be a code with leading zeros."""
        assert column([value], DataType.LONG, "lenient").tolist() == [7]
        error = complaint([value], DataType.LONG)
        assert f"it holds string such as {value!r} in row 0" in error.message
        assert "'lenient' would convert it" in str(error.hint)

    def test_booleans_are_numbers_only_under_lenient(self) -> None:
        """True is 1 when the caller says so."""
        assert column([True, False], DataType.LONG, "lenient").tolist() == [1, 0]
        assert "it holds bool such as True" in complaint([True, False], DataType.LONG).message

    def test_a_boolean_among_integers_is_found(self) -> None:
        """NumPy would make a 1 of it."""
        assert "True is a boolean in row 1" in complaint([1, True], DataType.LONG).message

    def test_whole_decimals_are_integers(self) -> None:
        """Databases give integers of 38 digits as decimals."""
        assert column([Decimal(3), Decimal("4.00")], DataType.LONG).tolist() == [3, 4]
        assert "is not a whole number" in complaint([Decimal("4.5")], DataType.LONG).message


class TestFloats:
    """Columns of type float and double."""

    def test_integers_are_floats(self) -> None:
        """JSON writes 3.0 as 3."""
        assert column([1, 2], DataType.DOUBLE).tolist() == [1.0, 2.0]
        assert column([1, 2.5, None], DataType.FLOAT).tolist()[:2] == [1.0, 2.5]

    def test_integers_without_an_exact_double_are_refused_under_safe(self) -> None:
        """They may be identifiers; lenient rounds them."""
        value = 2**53 + 1
        for values in ([value], [value, None], [value, 1.5], np.array([value])):
            assert f"{value} has no exact double" in complaint(values, DataType.DOUBLE).message
            assert column(values, DataType.DOUBLE, "lenient")[0] == 2.0**53

    def test_large_integers_with_an_exact_double_fit(self) -> None:
        """A double beyond 2**53 that was written as an integer comes back."""
        assert column([2**60, 1], DataType.DOUBLE).tolist() == [2.0**60, 1.0]

    def test_doubles_are_rounded_to_floats(self) -> None:
        """Text formats know doubles only, so a float column could never be sent otherwise."""
        assert column([0.1], DataType.FLOAT)[0] == np.float32(0.1)

    @pytest.mark.parametrize("values", [[1e39], [1e39, None], [1e39, 1], np.array([1e39]), [Decimal("1e39")]])
    def test_a_double_beyond_the_floats_is_refused(self, values: Any) -> None:
        """It does not become infinite."""
        assert "is out of range of a 32-bit float in row 0" in complaint(values, DataType.FLOAT).message

    @pytest.mark.parametrize("wanted", [DataType.FLOAT, DataType.DOUBLE])
    def test_nan_and_infinity_are_values(self, wanted: DataType) -> None:
        """They pass through, required or not."""
        found = column([math.nan, math.inf, -math.inf], wanted).tolist()
        assert math.isnan(found[0])
        assert found[1:] == [math.inf, -math.inf]

    def test_a_missing_value_is_nan(self) -> None:
        """None, NA and NaN are the same among floats."""
        for values in ([1.5, None], pd.Series([1.5, None], dtype="Float64"), pd.Series([1.5, None], dtype="float32")):
            pd.testing.assert_series_equal(column(values, DataType.DOUBLE), pd.Series([1.5, math.nan], name="x"))

    def test_nullable_integers_are_floats_with_nan(self) -> None:
        """A gap in an integer column does not stop it from being one of doubles."""
        assert math.isnan(column(pd.Series([1, None], dtype="Int64"), DataType.DOUBLE)[1])

    def test_text_is_parsed_under_lenient(self) -> None:
        """Numbers, infinities and NaN, but nothing else."""
        assert column(["1.5", "1e3", "-inf"], DataType.DOUBLE, "lenient").tolist() == [1.5, 1000.0, -math.inf]
        assert "'1,5' is not a number in row 1" in complaint(["1", "1,5"], DataType.DOUBLE, "lenient").message


class TestBooleans:
    """Columns of type boolean."""

    @pytest.mark.parametrize("values", [[True, None], [True, math.nan], np.array([True, None])])
    def test_gaps_are_nan_among_objects(self, values: Any) -> None:
        """None among booleans does not become False, and encoders fitted on a column with gaps know it again."""
        found = column(values, DataType.BOOLEAN, required=False)
        pd.testing.assert_series_equal(found, pd.Series([True, math.nan], dtype="object", name="x"))

    @pytest.mark.parametrize("values", [[True, False], [True, None]])
    def test_a_nullable_column_of_a_frame_stays_one(self, values: list[bool | None]) -> None:
        """The model may have been trained on it."""
        series = pd.Series(values, dtype="boolean")
        pd.testing.assert_series_equal(column(series, DataType.BOOLEAN, required=False), series.rename("x"))

    @pytest.mark.parametrize("missing", [None, math.nan])
    def test_objects_of_a_frame_stay_as_they_are(self, missing: Any) -> None:
        """Encoders tell None from NaN, and the model may have been trained on either."""
        frame = pd.DataFrame({"x": pd.Series([True, missing], dtype="object")})
        schema = ColumnSchema((Column(DataType.BOOLEAN, "x", required=False),))
        assert Enforcer(ModelSignature(inputs=schema)).inputs(frame) is frame

    def test_a_required_boolean_has_to_be_there(self) -> None:
        """However the gap came."""
        for values in ([True, None], pd.Series([True, None], dtype="boolean")):
            assert complaint(values, DataType.BOOLEAN).message.endswith("there is no value in row 1")

    @pytest.mark.parametrize("values", [[1, 0], [1.0, 0.0], ["true", "False"], ["1", "0"]])
    def test_zero_and_one_are_booleans_under_lenient(self, values: list[Any]) -> None:
        """Under safe they are numbers or text."""
        assert column(values, DataType.BOOLEAN, "lenient").tolist() == [True, False]
        assert "column 'x' should be boolean" in complaint(values, DataType.BOOLEAN).message

    def test_other_numbers_are_no_booleans(self) -> None:
        """NumPy would make True of every one."""
        assert "2 is neither true nor false in row 1" in complaint([1, 2], DataType.BOOLEAN, "lenient").message


class TestStrings:
    """Columns of type string."""

    @pytest.mark.parametrize("dtype", ["object", "string", "str"])
    def test_all_of_pandas_string_dtypes_are_one(self, dtype: Any) -> None:
        """A model sees the dtype that reading a file gives, with NaN where nothing is."""
        values = (
            pd.Series(["a", math.nan], dtype="object").astype(dtype) if dtype != "str" else pd.Series(["a", math.nan])
        )
        found = column(values, DataType.STRING)
        assert str(found.dtype) == TEXT
        assert found[0] == "a"
        assert isinstance(found[1], float)

    def test_numbers_are_text_only_under_lenient(self) -> None:
        """A reader that took '007' for 7 has lost something that cannot be brought back."""
        assert column([7, 8], DataType.STRING, "lenient").tolist() == ["7", "8"]
        assert "it holds int64 such as 7 in row 0" in complaint([7, 8], DataType.STRING).message

    def test_a_number_among_strings_is_found(self) -> None:
        """The error names it."""
        assert "7 is an integer in row 1" in complaint(["a", 7], DataType.STRING).message
        assert column(["a", 7], DataType.STRING, "lenient").tolist() == ["a", "7"]

    def test_a_column_without_any_value_is_of_every_type(self) -> None:
        """An empty CSV column is read as floats."""
        assert column([math.nan, math.nan], DataType.STRING, required=False).isna().all()
        assert column(pd.Series([None]), DataType.DATETIME, required=False).isna().all()

    def test_bytes_are_text_only_under_lenient(self) -> None:
        """As UTF-8, checked."""
        assert column(["ü".encode()], DataType.STRING, "lenient").tolist() == ["ü"]
        assert "is not UTF-8" in complaint([b"\xff"], DataType.STRING, "lenient").message


class TestCategoricals:
    """Categorical columns, which some models are trained on."""

    def test_a_categorical_of_strings_stays_one(self) -> None:
        """Neither its categories nor their order are lost."""
        values = pd.Series(["b", "a", None], dtype=pd.CategoricalDtype(["c", "b", "a"], ordered=True))
        pd.testing.assert_series_equal(column(values, DataType.STRING), values.rename("x"))

    def test_a_categorical_of_another_type_is_converted(self) -> None:
        """By the values behind its codes."""
        assert column(pd.Series([3, 4], dtype="category"), DataType.DOUBLE).tolist() == [3.0, 4.0]
        assert "it holds int64 such as 3" in complaint(pd.Series([3, 4], dtype="category"), DataType.STRING).message


def test_a_sparse_column_that_fits_stays_sparse() -> None:
    """Thousands of columns of zeros are not written out."""
    values = pd.Series([0.0, 1.5], dtype=pd.SparseDtype("float64", 0.0))
    pd.testing.assert_series_equal(column(values, DataType.DOUBLE), values.rename("x"))
    assert column(values, DataType.FLOAT).tolist() == [0.0, 1.5]


class TestDates:
    """Columns of type datetime."""

    @pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
    def test_every_unit_becomes_nanoseconds(self, unit: str) -> None:
        """What a model computes from them does not depend on how they were stored."""
        values = pd.Series(np.array(["2024-05-30T10:42:45"], dtype=f"datetime64[{unit}]"))
        pd.testing.assert_series_equal(
            column(values, DataType.DATETIME),
            pd.Series(np.array(["2024-05-30T10:42:45"], dtype="datetime64[ns]"), name="x"),
        )

    @pytest.mark.parametrize(
        "text", ["2024-05-30T10:42:45", "2024-05-30 10:42:45.000", "2024-05-30T10:42:45.000000", "20240530T104245"]
    )
    def test_iso_text_is_a_date(self, text: str) -> None:
        """JSON and CSV have no other way to write one."""
        assert column([text, None], DataType.DATETIME).tolist() == [pd.Timestamp("2024-05-30T10:42:45"), pd.NaT]

    def test_nanoseconds_in_text_are_kept(self) -> None:
        """All nine digits."""
        assert column(["2024-05-30T10:42:45.123456789"], DataType.DATETIME)[0].nanosecond == 789

    @pytest.mark.parametrize(
        "text", ["now", "today", "", "10:42", "May 30, 2024", "30.05.2024", "2024-13-01", "1717065765"]
    )
    def test_other_text_is_no_date(self, text: str) -> None:
        """What means another day in another country, or another moment tomorrow, is refused."""
        error = complaint(["2024-05-30", text], DataType.DATETIME)
        assert error.message == f"column 'x' should be datetime, but {text!r} is not an ISO 8601 date in row 1"

    def test_text_with_a_zone_becomes_utc(self) -> None:
        """Offsets of summer and winter may stand in one column."""
        found = column(["2024-01-01T00:00:00+01:00", "2024-07-01T00:00:00+02:00", None], DataType.DATETIME)
        assert str(found.dtype) == "datetime64[ns, UTC]"
        assert found[1] == pd.Timestamp("2024-06-30T22:00:00Z")

    def test_a_frame_keeps_its_zone(self) -> None:
        """The hour of the day is the one of the model's training."""
        values = pd.Series(pd.date_range("2024-01-01", periods=2, tz="Europe/Berlin", unit="ns"))
        pd.testing.assert_series_equal(column(values, DataType.DATETIME), values.rename("x"), check_freq=False)

    @pytest.mark.parametrize("values", [["2024-01-01T00:00:00Z", "2024-01-01"], ["2024-01-01", "2024-01-01T00:00:00Z"]])
    def test_zones_and_none_do_not_mix(self, values: list[str]) -> None:
        """There is no telling which moment the second one is."""
        assert "some values have a time zone and some have none" in complaint(values, DataType.DATETIME).message

    def test_dates_without_time_are_midnight(self) -> None:
        """Python's and Arrow's dates."""
        assert column([dt.date(2024, 5, 30), None], DataType.DATETIME)[0] == pd.Timestamp("2024-05-30")

    @pytest.mark.parametrize("value", ["9999-12-31", dt.datetime(9999, 12, 31), dt.date(9999, 12, 31)])  # noqa: DTZ001
    def test_dates_beyond_the_nanoseconds_are_held_in_microseconds(self, value: Any) -> None:
        """The end of time in many a database is honest data."""
        found = column([value], DataType.DATETIME)
        assert str(found.dtype) == "datetime64[us]"
        assert found[0] == pd.Timestamp(dt.datetime(9999, 12, 31))  # noqa: DTZ001

    def test_numbers_are_no_dates(self) -> None:
        """Nobody knows their unit, under no policy."""
        assert "it holds int64 such as 1717065765" in complaint([1717065765], DataType.DATETIME, "lenient").message


class TestBinary:
    """Columns of type binary."""

    def test_text_is_base64(self) -> None:
        """JSON and CSV have no other way to carry bytes."""
        assert column(["AAH/", None], DataType.BINARY, required=False).tolist() == [b"\x00\x01\xff", None]

    def test_other_text_is_refused(self) -> None:
        """Nothing is skipped over in silence."""
        assert "'a b' is not base64 in row 0" in complaint(["a b"], DataType.BINARY).message


class TestStrict:
    """The policy that wants the types of the signature."""

    @pytest.mark.parametrize(
        ("values", "wanted"),
        [
            ([1, 2], DataType.LONG),
            ([1.5], DataType.DOUBLE),
            (["a"], DataType.STRING),
            ([True], DataType.BOOLEAN),
            ([b"a"], DataType.BINARY),
            (np.array([1], dtype="int32"), DataType.INTEGER),
            (np.array([1], dtype="float32"), DataType.FLOAT),
            (pd.Series([1], dtype="Int64"), DataType.LONG),
            (pd.Series(pd.to_datetime(["2024-01-01"])), DataType.DATETIME),
        ],
    )
    def test_the_type_itself_fits(self, values: Any, wanted: DataType) -> None:
        """In whatever container and layout it comes."""
        assert len(column(values, wanted, "strict")) == len(values)

    @pytest.mark.parametrize(
        ("values", "wanted"),
        [
            ([1], DataType.DOUBLE),
            ([1.0], DataType.LONG),
            ([1], DataType.INTEGER),
            ([1.5], DataType.FLOAT),
            (np.array([1], dtype="int32"), DataType.LONG),
            (np.array([1], dtype="uint64"), DataType.LONG),
            (np.array([1.5], dtype="float32"), DataType.DOUBLE),
            (["2024-01-01"], DataType.DATETIME),
            (["AAH/"], DataType.BINARY),
        ],
    )
    def test_another_type_or_width_is_refused(self, values: Any, wanted: DataType) -> None:
        """And the error says that another policy would take it."""
        assert "'safe'" in str(complaint(values, wanted, "strict").hint)


def test_any_value_passes_where_the_signature_says_so() -> None:
    """Even a mixture, and none at all."""
    schema = ColumnSchema((Column(AnyType(), "x"),))
    values = [1, "a", None, [1], {"b": 2}]
    assert Enforcer(ModelSignature(inputs=schema)).inputs(pd.DataFrame({"x": values}))["x"].tolist() == values


def test_values_of_no_type_are_named() -> None:
    """A signature has no type for durations."""
    assert "is of type Timedelta in row 0" in complaint(pd.Series([pd.Timedelta("1D")]), DataType.LONG).message
