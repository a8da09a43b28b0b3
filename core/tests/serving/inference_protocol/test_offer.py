"""The protocol where NumPy is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from modelpack.errors import MissingDependencyError
from modelpack.serving.inference_protocol import offer

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("path", ["/v2", "/v2/models/m", "/v2/models/m/infer"])
def test_the_protocol_says_that_it_needs_numpy(
    serve: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """The server starts and does all else."""

    def missing(library: str, extra: str) -> None:
        raise MissingDependencyError(f"{library} is not installed", hint=f"install the extra {extra}")

    monkeypatch.setattr(offer, "require", missing)
    client = serve().client
    answer = client.get(path)
    assert answer.status_code == 415
    assert answer.json() == {"error": "numpy is not installed; install the extra pandas"}
    assert client.get("/ping").status_code == 200
