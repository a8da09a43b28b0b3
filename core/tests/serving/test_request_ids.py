from __future__ import annotations

import pytest

from modelpack.serving.request_ids import request_id


@pytest.mark.parametrize("sent", [b"a", b"Root=1-67891233-abcdef012345678912345678", b"a/b+c=._:-", b"x" * 128])
def test_an_id_that_is_fit_is_kept(sent: bytes) -> None:
    """AWS's form among them."""
    assert request_id(sent) == sent


@pytest.mark.parametrize("sent", [None, b"", b"a b", b"a\n", b"\xe9", b'"', b"x" * 129])
def test_another_is_replaced(sent: bytes | None) -> None:
    """It may be no id at all, or written to forge a log; new ones differ."""
    new = request_id(sent)
    assert new != sent
    assert request_id(new) == new
    assert request_id(sent) != new
