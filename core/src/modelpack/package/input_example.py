"""The input example: written in MLflow's form, read back, and predicted on to find out a model's outputs.

Two files: `input_example.json` as it was given, and `serving_input_example.json` as the body of a request to the
scoring server. Missing values become `null`, infinities the texts `Infinity` and `-Infinity`, dates ISO 8601 text,
bytes base64 text: whoever knows the type (the signature does) gets the value back from each.
"""

from __future__ import annotations

import base64
import copy
import datetime as dt
import decimal
import json
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidArgumentError, InvalidModelError
from modelpack.paths import existing_path

if TYPE_CHECKING:
    from pathlib import Path

FILE = "input_example.json"
SERVING_FILE = "serving_input_example.json"
MAX_BYTES = 32 * 1024 * 1024
_NOT_FINITE = {math.inf: "Infinity", -math.inf: "-Infinity"}
_TAKEN = "a DataFrame, a Series, an array, a dict of arrays, or plain JSON values, or a pair of one of these and params"


@dataclass(frozen=True, slots=True)
class InputExample:
    """A caller's input example.

    Attributes:
        data: What a model predicts on, unconverted.
        params: The params to predict with; None when the example has none.
    """

    data: Any
    params: dict[str, Any] | None = None

    @classmethod
    def of(cls, example: Any) -> InputExample:
        """Take an example, or a pair `(example, params)`; tensors of other libraries become NumPy's arrays.

        Raises:
            InvalidArgumentError: The params have other than text as names, or a tensor cannot become an array.
        """
        if not (isinstance(example, tuple) and len(example) == 2 and isinstance(example[1], Mapping)):  # noqa: PLR2004 - a pair
            return cls(_with_arrays(example))
        data, params = example
        if not all(isinstance(name, str) for name in params):
            raise InvalidArgumentError(f"the params of the input example have names that are no text: {list(params)}")
        return cls(_with_arrays(data), dict(params))

    def for_prediction(self) -> Any:
        """A copy of the data in the form in which models are called: plain JSON values as a DataFrame."""
        data = copy.deepcopy(self.data)
        return data if _kind(data) in {"dataframe", "ndarray"} and not _is_series(data) else _frame(data)

    def rendered(self) -> RenderedExample:
        """Both files, and what `MLmodel` says of them.

        Raises:
            InvalidArgumentError: The example has a value that has no form in JSON, or is too large.
        """
        kind = _kind(self.data)
        stored, wrapper = _stored(self.data, kind)
        serving = {wrapper: stored}
        info = {"artifact_path": FILE, "serving_input_path": SERVING_FILE, "type": kind}
        if kind == "dataframe":
            info["pandas_orient"] = "split"
        if self.params is not None:
            info["params"] = "true"
            params = _plain(self.params)
            stored = {"inputs": stored, "params": params}
            serving["params"] = params
        return RenderedExample(info, {FILE: _json(stored), SERVING_FILE: _json(serving)})


@dataclass(frozen=True, slots=True)
class RenderedExample:
    """An input example as it is saved.

    Attributes:
        info: What stands under `saved_input_example_info` in `MLmodel`.
        files: The content of each file.
    """

    info: dict[str, Any]
    files: dict[str, bytes]

    def write(self, directory: Path) -> None:
        """Write the files into a model directory."""
        for name, content in self.files.items():
            (directory / name).write_bytes(content)


def read_input_example(path: Path, info: Mapping[str, Any] | None) -> InputExample | None:
    """The input example that was saved with a model.

    A DataFrame and arrays come back as such, with the types that JSON tells; the signature knows more.

    Args:
        path: The model directory.
        info: What stands under `saved_input_example_info` in its `MLmodel`.

    Raises:
        InvalidModelError: The file is missing, no JSON, or not in the form that `info` says.
    """
    if info is None:
        return None
    file = existing_path(path, str(info.get("artifact_path", FILE)))
    try:
        stored = json.loads(file.read_bytes())
        params = stored["params"] if info.get("params") else None
        data = _restored(stored["inputs"] if info.get("params") else stored, info)
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidModelError(f"the input example {file} is not in the form that MLmodel says: {error}") from error
    return InputExample(data, params)


def _with_arrays(data: Any) -> Any:
    """The data with NumPy's arrays in place of tensors of other libraries, which stand alone or in a mapping."""
    if isinstance(data, Mapping):
        return {name: _as_array(value) for name, value in data.items()} if any(map(_is_tensor, data.values())) else data
    return _as_array(data)


def _is_tensor(value: Any) -> bool:
    return all(hasattr(type(value), name) for name in ("__array__", "__dlpack__")) and not _is_numpy(value)


def _is_numpy(value: Any) -> bool:
    return type(value).__module__.partition(".")[0] == "numpy"


def _as_array(value: Any) -> Any:
    if not _is_tensor(value):
        return value
    import numpy as np

    try:
        return np.asarray(value)
    except (TypeError, RuntimeError, ValueError) as error:  # it is on a device, has gradients, or a type of its own
        raise InvalidArgumentError(
            f"the {type(value).__qualname__} in the input example cannot be made an array: {error}",
            hint="give it as a NumPy array",
        ) from error


def _kind(data: Any) -> str:
    """MLflow's name for the type of an example."""
    pandas, numpy = sys.modules.get("pandas"), sys.modules.get("numpy")
    if pandas is not None and isinstance(data, (pandas.DataFrame, pandas.Series)):
        return "dataframe"
    if numpy is None:
        return "json_object"
    if isinstance(data, numpy.ndarray):
        return "ndarray"
    arrays = [isinstance(value, numpy.ndarray) for value in data.values()] if isinstance(data, Mapping) else []
    if arrays and all(arrays):
        return "ndarray"
    if any(arrays):
        raise InvalidArgumentError("the input example mixes arrays and other values; give arrays only, or none")
    return "json_object"


def _stored(data: Any, kind: str) -> tuple[Any, str]:
    """The JSON values, and the key under which a request carries them."""
    if kind != "dataframe":
        return _plain(data), "inputs"
    frame = _frame(data)
    names = [str(name) if not isinstance(name, (str, int)) else name for name in frame.columns.tolist()]
    columns = [_plain(frame.iloc[:, position].tolist()) for position in range(len(names))]
    rows = [list(row) for row in zip(*columns, strict=True)] if columns else [[] for _ in range(len(frame))]
    return {"columns": names, "data": rows}, "dataframe_split"


def _is_series(data: Any) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(data, pandas.Series)


def _frame(data: Any) -> Any:
    """A DataFrame of what is no array: a mapping or scalar is one row, a list one row an item."""
    from modelpack.data.libraries import require

    pandas = require("pandas", "pandas")
    if isinstance(data, pandas.DataFrame):
        return data
    if isinstance(data, pandas.Series):
        return data.to_frame(0 if data.name is None else data.name)
    return pandas.DataFrame(data if isinstance(data, list) else [data])


def _plain(value: Any) -> Any:
    """The value as JSON can hold it."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else _NOT_FINITE.get(value)
    if isinstance(value, Mapping):
        return {_key(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    return _converted(value)


def _key(key: Any) -> str:
    if isinstance(key, str):
        return key
    raise InvalidArgumentError(f"the input example has a mapping with the key {key!r}, which is no text")


def _converted(value: Any) -> Any:
    """What numpy, pandas and the standard library hold that JSON has no form for."""
    if _is_missing(value):
        return None
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    if callable(listed := getattr(value, "tolist", None)):  # arrays, and numpy's scalars
        return _listed(value, listed())
    if callable(dump := getattr(value, "model_dump", None)):  # pydantic models, which MLflow's examples may be
        return _plain(dump())
    raise InvalidArgumentError(
        f"the input example holds a {type(value).__module__}.{type(value).__qualname__}, which has no form in JSON",
        hint=f"an example is {_TAKEN}",
    )


def _listed(value: Any, plain: Any) -> Any:
    if getattr(getattr(value, "dtype", None), "kind", "") == "M":  # tolist gives numbers for nanoseconds
        return _plain(value.astype("datetime64[us]").tolist())
    return _plain(plain) if type(plain) is not type(value) else str(value)


def _is_missing(value: Any) -> bool:
    """Whether it is pandas' NA or NaT, or numpy's NaT."""
    pandas, numpy = sys.modules.get("pandas"), sys.modules.get("numpy")
    if pandas is not None and (value is pandas.NA or value is pandas.NaT):
        return True
    return numpy is not None and isinstance(value, (numpy.datetime64, numpy.timedelta64)) and bool(numpy.isnat(value))


def _json(value: Any) -> bytes:
    text = json.dumps(value, allow_nan=False).encode()
    if len(text) > MAX_BYTES:
        raise InvalidArgumentError(
            f"the input example takes {len(text) // 2**20} MiB as JSON; the most is {MAX_BYTES // 2**20}",
            hint="a few rows are enough, such as input_example=data.head()",
        )
    return text


def _restored(stored: Any, info: Mapping[str, Any]) -> Any:
    kind = info.get("type")
    if kind == "json_object":
        return stored
    from modelpack.data.libraries import require

    if kind == "ndarray":
        numpy = require("numpy", "pandas")
        stored = stored.get("inputs", stored) if isinstance(stored, dict) and info.get("format") else stored
        if isinstance(stored, dict):
            return {name: numpy.asarray(value) for name, value in stored.items()}
        return numpy.asarray(stored)
    if kind != "dataframe":
        raise ValueError(f"examples of type {kind!r} are not known")
    pandas = require("pandas", "pandas")
    if info.get("pandas_orient") == "values" and isinstance(stored, list):
        return pandas.DataFrame(stored)
    return pandas.DataFrame(stored["data"], columns=stored.get("columns"), index=stored.get("index"))
