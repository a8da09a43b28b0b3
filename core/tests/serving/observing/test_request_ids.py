from __future__ import annotations

import pytest

from modelpack.serving.observing.request_ids import RequestIds


@pytest.mark.parametrize("sent", [b"a", b"Root=1-67891233-abcdef012345678912345678", b"a/b+c=._:-", b"x" * 128])
def test_an_id_that_is_fit_is_kept(sent: bytes) -> None:
    """AWS's form among them."""
    assert RequestIds().choose(sent) == sent


@pytest.mark.parametrize("sent", [None, b"", b"a b", b"a\n", b"\xe9", b'"', b"x" * 129])
def test_another_is_replaced(sent: bytes | None) -> None:
    """It may be no id at all, or written to forge a log; new ones differ."""
    ids = RequestIds()
    new = ids.choose(sent)
    assert new != sent
    assert ids.choose(new) == new
    assert ids.choose(sent) != new


def test_two_processes_give_no_id_twice() -> None:
    """Each has a series of its own."""
    assert RequestIds().choose(None) != RequestIds().choose(None)
