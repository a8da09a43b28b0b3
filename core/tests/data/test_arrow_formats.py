"""Arrow streams, Arrow files and Parquet, which hold the same tables."""

from __future__ import annotations

import decimal
import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from modelpack.data.arrow_tables import table_from_predictions
from modelpack.data.codecs import ARROW_FILE, ARROW_STREAM, PARQUET, decode, encode
from modelpack.data.libraries import require
from modelpack.data.media_types import MediaType
from modelpack.data.plan import InputPlan
from modelpack.data.writers import WriteOptions
from modelpack.errors import DataFormatError, MissingDependencyError, ModelFailureError
from modelpack.schema.signature import Column, ColumnSchema, DataType, ModelSignature

if TYPE_CHECKING:
    from modelpack.data.codecs import Codec

pa = pytest.importorskip("pyarrow")
CODECS = pytest.mark.parametrize("codec", [ARROW_STREAM, ARROW_FILE, PARQUET], ids=lambda codec: codec.name)

TABLE = pd.DataFrame(
    {
        "bool": [True, False],
        "bool_null": pd.array([True, None], dtype="boolean"),
        "long": [2**53 + 1, -(2**63)],
        "long_null": pd.array([2**53 + 1, None], dtype="Int64"),
        "int": np.array([1, 2], dtype="int32"),
        "float": np.array([0.1, np.nan], dtype="float32"),
        "double": [0.1, np.inf],
        "string": ["007", None],
        "binary": [b"\x00\xff", None],
        "date": pd.to_datetime(["2024-01-31T12:00:00.123456", "NaT"]),
        "zoned": pd.to_datetime(["2024-01-31T12:00:00+02:00", "NaT"]),
    }
)


@CODECS
def test_every_type_comes_back_as_it_went(codec: Codec) -> None:
    """Integers with nulls stay integers, zones and bytes stay."""
    media_type = codec.media_types[0]
    back = decode(encode(TABLE, media_type), media_type, signature=None).data
    pd.testing.assert_frame_equal(back, TABLE, check_dtype=False)
    assert {
        name: str(dtype) for name, dtype in back.dtypes.items() if name.startswith(("bool", "long", "int", "f"))
    } == {
        "bool": "bool",
        "bool_null": "boolean",
        "long": "int64",
        "long_null": "Int64",
        "int": "int32",
        "float": "float32",
    }


@CODECS
def test_lists_and_structs_come_back(codec: Codec) -> None:
    """Nested values are lists and objects."""
    frame = pd.DataFrame({"l": [[1, 2], []], "o": [{"x": 1}, {"x": 2}]})
    back = decode(encode(frame, codec.media_types[0]), codec.media_types[0], signature=None).data
    assert [list(item) for item in back["l"]] == [[1, 2], []]
    assert back["o"].tolist() == [{"x": 1}, {"x": 2}]


def test_nan_is_not_missing() -> None:
    """A float that is not a number stays one, in arrays and in frames, where a missing integer is null."""
    plain = encode(np.array([1.0, np.nan]), ARROW_STREAM.media_types[0])
    frame = encode(
        pd.DataFrame({"f": [1.0, np.nan], "i": pd.array([1, None], dtype="Int64")}), ARROW_STREAM.media_types[0]
    )
    assert pa.ipc.open_stream(plain).read_all().column("prediction").null_count == 0
    assert [column.null_count for column in pa.ipc.open_stream(frame).read_all().columns] == [0, 1]


def test_columns_of_an_array_take_their_names() -> None:
    """Those of the signature, else numbers; rows may lie in any order in memory."""
    array = np.arange(6.0).reshape(3, 2)[:, ::-1]
    assert table_from_predictions(array, ("x", "y")).to_pydict() == {"x": [1, 3, 5], "y": [0, 2, 4]}
    assert table_from_predictions(array, ()).column_names == ["prediction_0", "prediction_1"]
    with pytest.raises(ModelFailureError, match="two columns of one name"):
        table_from_predictions(array, ("x", "x"))


def test_chunks_keep_the_types_of_the_first() -> None:
    """Numbers of another width are converted where that loses nothing, and refused where it would."""
    schema = table_from_predictions(np.array([0.5]), ()).schema
    assert table_from_predictions(np.array([1, 2]), (), schema).schema == schema
    with pytest.raises(ModelFailureError, match="does not fit"):
        table_from_predictions(np.array([0.5]), (), table_from_predictions(np.array([1]), ()).schema)
    with pytest.raises(ModelFailureError, match="does not fit"):
        table_from_predictions(np.array([[0.5, 1.0]]), (), schema)


@CODECS
def test_decimals_and_durations_come_back(codec: Codec) -> None:
    """Arrow has types of its own for them."""
    frame = pd.DataFrame({"d": [decimal.Decimal("1.10"), None], "t": pd.to_timedelta([5, 6], unit="s")})
    back = decode(encode(frame, codec.media_types[0]), codec.media_types[0], signature=None).data
    assert back["d"].tolist() == [decimal.Decimal("1.10"), None]
    assert back["t"].tolist() == frame["t"].tolist()


@CODECS
def test_what_is_not_in_the_format_is_refused(codec: Codec) -> None:
    """Neither a body nor a stream of something else is read."""
    for body in (b"", b"PAR1 no", b"ARROW1 no", b"a,b\n1,2\n"):
        with pytest.raises(DataFormatError):
            decode(body, codec.media_types[0], signature=None)
        with pytest.raises(DataFormatError):
            list(codec.read(io.BytesIO(body), MediaType(codec.media_types[0]), InputPlan(None), 10))


@CODECS
def test_a_column_twice_is_refused(codec: Codec) -> None:
    """A frame with it could not tell them apart."""
    table = pa.table([[1], [2]], names=["a", "a"])
    sink = io.BytesIO()
    if codec is PARQUET:
        require("pyarrow.parquet", "arrow").write_table(table, sink)
    else:
        opened = pa.ipc.new_stream if codec is ARROW_STREAM else pa.ipc.new_file
        with opened(sink, table.schema) as writer:
            writer.write_table(table)
    with pytest.raises(DataFormatError, match="'a' stands twice"):
        decode(sink.getvalue(), codec.media_types[0], signature=None)


class Pipe(io.BytesIO):
    """A stream that cannot be rewound."""

    def seekable(self) -> bool:
        """It is not."""
        return False

    def seek(self, *_: Any) -> int:
        """It cannot."""
        raise io.UnsupportedOperation

    def tell(self) -> int:
        """It does not know."""
        raise io.UnsupportedOperation


@CODECS
@pytest.mark.parametrize("stream", [io.BytesIO, Pipe], ids=["file", "pipe"])
def test_streams_are_read_in_chunks(codec: Codec, stream: Any) -> None:
    """No chunk is larger than asked for, whatever the batches were."""
    body = encode(np.arange(10), codec.media_types[0])
    chunks = list(codec.read(stream(body), MediaType(codec.media_types[0]), InputPlan(None), 4))
    assert all(len(chunk.data) <= 4 for chunk in chunks)
    assert [value for chunk in chunks for value in chunk.data["prediction"]] == list(range(10))


@CODECS
def test_chunks_are_written_one_after_the_other(codec: Codec) -> None:
    """The first chunk gives the schema, which the others have to fit."""
    sink = io.BytesIO()
    writer = codec.writer(sink, WriteOptions())
    writer.write(np.array([1.5]))
    writer.write(np.array([2]))
    with pytest.raises(ModelFailureError, match="does not fit"):
        writer.write(np.array(["text"]))
    writer.close()
    assert decode(sink.getvalue(), codec.media_types[0], signature=None).data["prediction"].tolist() == [1.5, 2.0]


@CODECS
def test_integer_names_of_old_signatures_are_found(codec: Codec) -> None:
    """Arrow's names are texts."""
    signature = ModelSignature(inputs=ColumnSchema((Column(DataType.LONG, 0),)))
    body = encode(pd.DataFrame({0: [1]}), codec.media_types[0])
    assert list(decode(body, codec.media_types[0], signature=signature).data.columns) == [0]


def test_without_pyarrow_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrow and Parquet are an extra; the error says which."""
    require.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(MissingDependencyError) as caught:
        decode(b"", "application/vnd.apache.parquet", signature=None)
    assert caught.value.hint == 'pip install "modelpack-core[arrow]"'
    require.cache_clear()
