from __future__ import annotations

from modelpack.serving.headers import by_name


def test_headers_are_found_by_name() -> None:
    """As they came."""
    assert by_name([(b"accept", b"text/csv"), (b"host", b"here")]) == {b"accept": b"text/csv", b"host": b"here"}


def test_lines_of_one_name_are_one_list() -> None:
    """None of them is lost."""
    headers = [(b"accept", b"text/html"), (b"host", b"here"), (b"accept", b"text/csv;q=0.5")]
    assert by_name(headers) == {b"accept": b"text/html, text/csv;q=0.5", b"host": b"here"}
