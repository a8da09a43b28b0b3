from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

import modelpack
from modelpack.batch import predict
from modelpack.plugins.manager import default_manager

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from site_packages import SitePackages
    from toylib import ToyModel

LOADING = """
fork_safe = {fork_safe}

@hookimpl
def modelpack_load_model(self, context):
    import os, pathlib, secrets
    pathlib.Path({traces!r}, f"load-{{os.getpid()}}-{{secrets.token_hex(4)}}").touch()
    return super().modelpack_load_model(context)
"""


@pytest.fixture
def fresh_manager() -> Iterator[None]:
    """The plugins of the environment are looked up anew, and so they are afterwards."""
    default_manager.cache_clear()
    yield
    default_manager.cache_clear()


@pytest.fixture
def save(site: SitePackages, traces: Path, toy_model: ToyModel, tmp_path: Path) -> Callable[[bool], Path]:
    """Save a toy model that leaves a trace where it is loaded, and says whether it is safe to fork."""

    def made(fork_safe: bool) -> Path:  # noqa: FBT001 - the fact
        site.install_toy()
        site.install_flavor("tracked", LOADING.format(fork_safe=fork_safe, traces=str(traces)))
        signature = modelpack.infer_signature(pd.DataFrame({"x": [1.0], "y": [2.0]}))
        modelpack.save_model(toy_model, tmp_path / "model", flavor="tracked", signature=signature)
        return tmp_path / "model"

    return made


@contextmanager
def other_threads(number: int) -> Iterator[None]:
    """So many threads beside this one."""
    done = threading.Event()
    threads = [threading.Thread(target=done.wait) for _ in range(number)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()


@pytest.mark.usefixtures("fresh_manager")
@pytest.mark.parametrize(
    ("fork_safe", "start", "threads", "here"),
    [
        (True, "auto", 0, True),
        (False, "auto", 0, False),
        (True, "program", 0, False),
        (True, "auto", 1, False),
        (False, "auto", 1, False),
        (True, "fork", 1, True),
    ],
)
def test_a_model_that_is_safe_to_fork_is_loaded_once_for_all_workers(
    save: Callable[[bool], Path],
    loads: Callable[[], list[int]],
    tmp_path: Path,
    *,
    fork_safe: bool,
    start: str,
    threads: int,
    here: bool,
) -> None:
    """Any other is loaded by each worker; so is every model where a thread makes a fork unsafe."""
    model = save(fork_safe)
    (tmp_path / "in").mkdir()
    for name in "abcd":
        (tmp_path / "in" / f"{name}.csv").write_text("x,y\n1,2\n", encoding="utf-8")
    with other_threads(threads):
        assert predict(model, tmp_path / "in", tmp_path / "out", workers=2, start=start).rows == 4
    assert (loads() == [os.getpid()]) if here else (len(set(loads())) == len(loads()) == 2)
    assert pd.read_parquet(tmp_path / "out")["prediction"].tolist() == [4.0] * 4
