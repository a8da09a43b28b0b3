from __future__ import annotations

import contextlib
import datetime as dt
import enum
import re

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelpack.errors import InvalidArgumentError, InvalidModelError
from modelpack.schema.yaml import MAX_BYTES, MAX_DEPTH, MAX_NODES, read_yaml, write_yaml

NASTY = [
    *("yes", "no", "on", "off", "y", "N", "true", "False", "~", "null", "Null", "", "<<", "="),
    *("0o17", "017", "0x1F", "0b1", "1e5", "1.5e5", "1.", ".5", "1_000", "1,000", "08_", "+12", "-0", "12345e67"),
    *("12:30", "1:30:00", "2024-05-25", "2018-05-25T17:28:53.35", "2018-05-25 17:28:53Z", ".inf", "-.INF", ".nan"),
    *(" leading", "trailing ", "\tTab", "a: b", "a:", ": a", "a #b", "# a", "- a", "? a", "[a]", "{a}", "&a", "*a"),
    *("!a", "!!str a", "|", ">", "%a", "@a", "`a", "'", '"', "'a'", '"a"', "---", "...", "--- a", "a, b"),
    *("größe", "日本", "\U0001f600", "a\nb", "a\n", "\na", "a\r\nb", "\x07", "\x00", "\x85", "\u2028", "\ufeffa"),
    *("a" * 200, "a b " * 100, "a  b" * 60, "C:\\Users\\x", "\\n"),
]

CORE_1_2 = re.compile(
    r"null|Null|NULL|~||true|True|TRUE|false|False|FALSE"
    r"|[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"
    r"|[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?(\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN"
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=120) | st.text(" ab\n\t#:-'\"0.e_", max_size=120)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
names = texts.map(lambda text: f"k{text}.")
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4), max_leaves=12
)


@pytest.mark.parametrize("text", NASTY, ids=ascii)
def test_text_stays_text(text: str) -> None:
    """A string is read back as the same string by modelpack and by PyYAML, as value and as key."""
    written = write_yaml({"value": text, f"{text}": 1})
    assert read_yaml(written, source="test")["value"] == text
    assert yaml.safe_load(written) == {"value": text, text: 1}


@pytest.mark.parametrize("text", NASTY, ids=ascii)
def test_plain_text_is_text_in_yaml_1_2(text: str) -> None:
    """What is written without quotes is no number, null or truth value in YAML 1.2's core schema either."""
    scalar = next(event for event in yaml.parse(write_yaml([text])) if isinstance(event, yaml.ScalarEvent))
    assert not (scalar.implicit[0] and CORE_1_2.fullmatch(scalar.value))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(values)
def test_values_come_back(value: object) -> None:
    """Whatever is written is read back equal, by modelpack and by PyYAML."""
    written = write_yaml(value)
    assert read_yaml(written, source="test") == value
    assert yaml.safe_load(written) == value


def test_output_is_block_style_with_sorted_keys() -> None:
    """The form is the one that MLflow writes."""
    value = {"flavors": {"b": {"x": [1, 2.5], "a": None}, "a": {}}, "artifact_path": "model"}
    assert write_yaml(value) == (
        "artifact_path: model\nflavors:\n  a: {}\n  b:\n    a: null\n    x:\n    - 1\n    - 2.5\n"
    )


def test_a_value_that_stands_twice_is_written_twice() -> None:
    """Shared values do not become an alias, which no reader here accepts."""
    shared = {"a": [1]}
    assert read_yaml(write_yaml([shared, shared]), source="test") == [shared, shared]


def test_values_of_other_libraries_become_plain() -> None:
    """Subclasses of plain types, tuples and NumPy scalars are written as what they stand for."""

    class Color(enum.StrEnum):
        RED = "red"

    value = {"color": Color.RED, "size": np.int64(3), "rate": np.float32(0.5), "on": np.bool_(True), "shape": (1, 2)}  # noqa: FBT003
    assert read_yaml(write_yaml(value), source="test") == {
        "color": "red",
        "size": 3,
        "rate": 0.5,
        "on": True,
        "shape": [1, 2],
    }


@pytest.mark.parametrize("value", [b"bytes", {1, 2}, object(), np.zeros(2), 1j], ids=lambda value: type(value).__name__)
def test_other_values_are_refused_with_their_place(value: object) -> None:
    """What YAML cannot hold without a tag is refused, and the message says where it stands."""
    with pytest.raises(InvalidArgumentError, match=r"flavors: toy\[1\] is a "):
        write_yaml({"flavors": {"toy": [1, value]}})


def test_a_value_that_contains_itself_is_refused() -> None:
    """A cycle is an error, not an endless file."""
    value: list[object] = []
    value.append(value)
    with pytest.raises(InvalidArgumentError, match="contains itself"):
        write_yaml(value)


def test_times_and_dates_come_back() -> None:
    """Moments without quotes are moments."""
    value = {"day": dt.date(2024, 5, 1), "moment": dt.datetime(2024, 5, 1, 12, 30, 0, 5, tzinfo=dt.UTC)}
    assert read_yaml(write_yaml(value), source="test") == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("python_version: 3.10", "3.10"),
        ("version: 1", "1"),
        ("xgb_version: 1_0", "1_0"),
        ("mlflow_version: 2024-01-01", "2024-01-01"),
        ("run_id: 0123", "0123"),
        ("model_uuid: 12345678901234567890", "12345678901234567890"),
        ("utc_time_created: 2018-05-25T17:28:53.35", "2018-05-25T17:28:53.35"),
        ("version: null", None),
        ("version: '3.10'", "3.10"),
    ],
)
def test_versions_and_ids_keep_their_text(text: str, value: str | None) -> None:
    """A version is no number: 3.10 stays 3.10."""
    assert list(read_yaml(text, source="test").values()) == [value]


def test_the_users_own_mappings_are_read_as_written() -> None:
    """Under metadata and config a number is a number, whatever its key is called."""
    assert read_yaml("metadata: {data_version: 2, list: [{version: 1.5}]}", source="test") == {
        "metadata": {"data_version": 2, "list": [{"version": 1.5}]}
    }


@pytest.mark.parametrize(
    "text", ["12345e67", "123", "1.5e+3", "12:30", "yes", "0x1F", "0o17", "017", "2024-01-01", "~", ".inf", "1e5", "y"]
)
def test_other_scalars_are_read_as_pyyaml_reads_them(text: str) -> None:
    """The dialect is that of the program which wrote the files."""
    assert read_yaml(f"value: {text}", source="test") == yaml.safe_load(f"value: {text}")


@pytest.mark.parametrize("text", ["a: größe\r\nb: 1\r\n", "\ufeffa: größe\nb: 1"])
def test_byte_order_marks_and_windows_line_ends_are_accepted(text: str) -> None:
    """Files that passed through other systems read the same, as bytes and as text."""
    assert read_yaml(text, source="test") == read_yaml(text.encode(), source="test") == {"a": "größe", "b": 1}


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "---\n"])
def test_an_empty_document_is_none(text: str) -> None:
    """Nothing is read as nothing."""
    assert read_yaml(text, source="test") is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: !!python/object/apply:os.system [echo]", "the tag tag:yaml.org,2002:python/object/apply:os.system"),
        ("a: !!str 3", "the tag"),
        ("a: ! x", "the tag"),
        ("a: !local x", "the tag !local"),
        ("a: &x [1]\nb: *x", r"line 2, column 4: aliases \(\*name\)"),
        ("&x a: 1\n*x : 2", "aliases"),
        ("b: 1\n<<: {a: 1}", r"line 2.*merges \(<<\)"),
        ("a: 1\nb: 2\na: 3", "line 3, column 1: the key 'a' stands twice"),
        ("x:\n  1: a\n  1: b", "line 3, column 3: the key 1 stands twice"),
        ("? [a]\n: 1", "a key is a mapping or a list"),
        ("a: 1\n---\nb: 2", "a second document"),
        ("a: [1", "line 2, column 1: did not find"),
        ("a: b: c", "line 1, column 5: mapping values are not allowed"),
        ("a:\n\t- b", "line 2"),
        ("a: \x07", "line 1: control characters are not allowed"),
        ("a: 2024-13-45", "line 1, column 4: '2024-13-45' looks like a timestamp and is none"),
        ("a: 0x_", "'0x_' looks like a int and is none"),
        ("a: " + "9" * 5000, "a number has more than 1,000 characters"),
        ("a: 1" + ":1" * 1_000_000, "a number has more than 1,000 characters"),
        ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), f"nested more than {MAX_DEPTH} deep"),
        ("[" * 100_000, f"nested more than {MAX_DEPTH} deep"),
        ("[" + "1," * (MAX_NODES + 1) + "]", f"more than {MAX_NODES:,} keys and values"),
        ("a" * (MAX_BYTES + 1), "larger than 16 MiB"),
        ("a: \ud800", "half of a surrogate pair"),
    ],
    ids=lambda value: value[:30].encode("ascii", "replace").decode(),
)
def test_what_is_no_plain_yaml_is_refused(text: str, reason: str) -> None:
    """Tags, aliases, merges, double keys and documents without bounds are refused, with source and line."""
    with pytest.raises(InvalidModelError, match=rf"(?s)^some/MLmodel.*{reason}"):
        read_yaml(text, source="some/MLmodel")


def test_bytes_that_are_no_utf_8_are_refused() -> None:
    """The message says which byte and where."""
    with pytest.raises(InvalidModelError, match="test is not UTF-8 text: byte 0xe9 at position 3"):
        read_yaml("a: é".encode("latin-1"), source="test")


def test_an_alias_bomb_is_refused_before_it_grows() -> None:
    """A document of a few lines cannot fill the memory."""
    bomb = "a: &a [x, x]\n" + "".join(f"{new}: &{new} [*{old}, *{old}]\n" for old, new in zip("abcdef", "bcdefg"))  # noqa: B905 - both have six
    with pytest.raises(InvalidModelError, match=r"line 2.*aliases"):
        read_yaml(bomb, source="test")


@given(st.binary(max_size=200) | texts.map(lambda text: text.encode()))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    """Nothing but a value or the one error comes out, whatever goes in."""
    with contextlib.suppress(InvalidModelError):
        read_yaml(content, source="test")


@pytest.mark.parametrize(
    "text", ["a: [1, 'x y', 2.5]\nb:\n- c: null", "a: *x", "a: !t 1", "a: b: c", "a: \x07", "[" * 200]
)
def test_without_libyaml_the_same_is_read_and_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pure parser takes over where PyYAML has no C extension, with the same bounds."""

    def outcome() -> object:
        try:
            return read_yaml(text, source="test")
        except InvalidModelError as error:
            return error.message.split(":")[0]

    with_libyaml = outcome()
    monkeypatch.setattr("modelpack.schema.yaml._Loader", yaml.SafeLoader)
    assert outcome() == with_libyaml
