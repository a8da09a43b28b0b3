"""The scoring server with a MOJO behind it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pandas as pd
import pytest

import modelpack

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_served_with_concurrent_requests(saved: Path, rows: pd.DataFrame) -> None:
    """By `modelpack serve` with two workers, each with a Java of its own; nothing is left afterwards."""
    expected = modelpack.pyfunc.load_model(saved).predict(rows)
    with serving(saved, "--workers", "2") as address:

        def ask(place: int) -> Any:
            row = rows.iloc[[place]].to_json(orient="split", date_format="iso")
            body = f'{{"dataframe_split": {row}}}'.encode()
            request = Request(f"{address}/invocations", body, {"Content-Type": "application/json"})  # noqa: S310 - ours
            with urlopen(request, timeout=60) as answer:  # noqa: S310 - likewise
                return json.load(answer)["predictions"][0]

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(ask, [*range(len(rows))] * 3))
    assert answers == expected.to_dict("records") * 3


@contextmanager
def serving(path: Path, *words: str) -> Iterator[str]:
    """A server of a model, and its address."""
    command = [str(Path(sys.executable).with_name("modelpack")), "serve", str(path), "--port", "0", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            yield next(found for line in process.stderr if (found := address_in(line)))
            process.terminate()
            assert process.wait(60) == 0
        finally:
            process.kill()


def address_in(line: str) -> str:
    """The address that the server tells."""
    found = re.search(r"http://[\d.]+:\d+", line)
    return "" if found is None else found[0]
