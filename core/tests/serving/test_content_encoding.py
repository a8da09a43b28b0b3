from __future__ import annotations

import gzip
import sys
import zlib
from typing import TYPE_CHECKING, Any

import pytest
import zstandard

from modelpack.data.libraries import require
from modelpack.errors import DataFormatError, ModelpackError
from modelpack.serving.content_encoding import decompressed
from modelpack.serving.errors import BodyTooLargeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.testclient import TestClient

ROWS = b"x,y\n" + b"1.0,0.5\n" * 1000
SKIPPED = b"\x50\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"note"
"""A zstd frame that holds no data."""


def post(client: TestClient, content: bytes, encoding: str) -> Any:
    """Post CSV in an encoding."""
    headers = {"Content-Type": "text/csv", "Content-Encoding": encoding}
    return client.post("/invocations", content=content, headers=headers)


def bare_deflate(data: bytes) -> bytes:
    """Deflate without zlib's header, as some clients understand `deflate`."""
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


def zstd_stream(data: bytes, window_log: int = 0) -> bytes:
    """A frame that does not say how long it is."""
    compressor = zstandard.ZstdCompressor(
        compression_params=zstandard.ZstdCompressionParameters(window_log=window_log, write_content_size=False)
    ).compressobj()
    return compressor.compress(data) + compressor.flush()


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("identity", ROWS),
        ("", ROWS),
        ("gzip", gzip.compress(ROWS)),
        ("GZIP", gzip.compress(ROWS[:100]) + gzip.compress(ROWS[100:])),
        (" x-gzip ", gzip.compress(ROWS)),
        ("deflate", zlib.compress(ROWS)),
        ("deflate", zlib.compress(ROWS, level=1)),
        ("deflate", bare_deflate(ROWS)),
        ("zstd", zstandard.compress(ROWS)),
        ("ZSTD", zstandard.compress(ROWS[:100]) + SKIPPED + zstd_stream(ROWS[100:])),
    ],
)
def test_bodies_are_read_in_every_encoding(client: TestClient, encoding: str, body: bytes) -> None:
    """Also in several members, and `deflate` with and without its header."""
    response = post(client, body, encoding)
    assert response.status_code == 200, response.text
    assert len(response.json()["predictions"]) == 1000


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", b"no gzip"),
        ("gzip", gzip.compress(ROWS)[:-9]),
        ("gzip", gzip.compress(ROWS) + b"rest"),
        ("gzip", gzip.compress(ROWS)[:-8] + b"checksum"),
        ("gzip", zlib.compress(ROWS)),
        ("deflate", b"no deflate"),
        ("deflate", zlib.compress(ROWS)[:-1]),
        ("deflate", gzip.compress(ROWS)),
        ("zstd", b"no zstd"),
        ("zstd", zstandard.compress(ROWS)[:-1]),
        ("zstd", zstandard.compress(ROWS) + b"rest"),
        ("zstd", zstd_stream(ROWS, window_log=27)),
        *((encoding, b"") for encoding in ("gzip", "deflate", "zstd")),
    ],
)
def test_a_damaged_body_is_a_400(client: TestClient, encoding: str, body: bytes) -> None:
    """It names the encoding."""
    response = post(client, body, encoding)
    assert (response.status_code, response.json()["error_code"]) == (400, "MALFORMED_REQUEST")
    assert encoding in response.json()["message"]


@pytest.mark.parametrize("encoding", ["br", "compress", "gzip, gzip", "x-zstd", "*"])
def test_another_encoding_is_a_415_that_names_those_there_are(client: TestClient, encoding: str) -> None:
    """RFC 9110, 15.5.16: `Accept-Encoding` says what could have been sent. Chains are refused."""
    response = post(client, ROWS, encoding)
    assert (response.status_code, response.json()["error_code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert response.headers["accept-encoding"] == "gzip, deflate, zstd"


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress, zstandard.compress, zstd_stream, bare_deflate])
def test_a_bomb_is_stopped_at_the_limit(
    make_client: Callable[..., TestClient], compress: Callable[[bytes], bytes]
) -> None:
    """The limit holds for what comes out, too."""
    encoding = {gzip.compress: "gzip", zstandard.compress: "zstd", zstd_stream: "zstd"}.get(compress, "deflate")
    bomb = compress(b"0" * 50_000_000)
    assert len(bomb) < 60_000
    response = post(make_client(max_body=60_000), bomb, encoding)
    assert (response.status_code, response.json()["error_code"]) == (413, "REQUEST_TOO_LARGE")
    assert decompressed(compress(ROWS), encoding, len(ROWS)) == ROWS
    with pytest.raises(BodyTooLargeError):
        decompressed(compress(ROWS), encoding, len(ROWS) - 1)


@pytest.mark.parametrize(
    ("encoding", "empty"), [("gzip", gzip.compress(b"")), ("zstd", zstandard.compress(b"")), ("zstd", SKIPPED)]
)
def test_parts_without_data_do_not_go_on_for_ever(encoding: str, empty: bytes) -> None:
    """No limit of bytes stops them."""
    assert decompressed(empty * 1000, encoding, 10) == b""
    with pytest.raises(DataFormatError, match="parts"):
        decompressed(empty * 20_000, encoding, 10)


def test_zstd_without_its_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra has its name."""
    monkeypatch.setitem(sys.modules, "zstandard", None)
    require.cache_clear()
    with pytest.raises(ModelpackError) as raised:
        decompressed(zstandard.compress(ROWS), "zstd", 10_000)
    assert raised.value.hint == 'pip install "modelpack-core[zstd]"'
    assert decompressed(gzip.compress(ROWS), "gzip", 10_000) == ROWS
