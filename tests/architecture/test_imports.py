"""Nothing is imported before its name is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"numpy", "pandas", "pyarrow", "sklearn", "scipy", "skops", "starlette", "uvicorn", "anyio", "fsspec", "httpx"}
AT_IMPORT = HEAVY | {"pydantic", "pluggy", "typer", "rich", "yaml", "orjson"}
AT_START = HEAVY | {"rich", "cloudpickle"}


def loaded_modules(*arguments: str) -> set[str]:
    """The top-level modules that a fresh interpreter has imported when it is done."""
    command = [sys.executable, "-X", "importtime", *arguments]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    names = (line.rsplit("|", 1)[1].strip() for line in answer.stderr.splitlines() if line.startswith("import time:"))
    return {name.split(".")[0] for name in names}


def test_import_modelpack_loads_no_third_party_library() -> None:
    """`import modelpack` costs next to nothing: names are imported when they are first used."""
    assert not loaded_modules("-c", "import modelpack") & AT_IMPORT


@pytest.mark.parametrize("line", ["--help", "--version", "plugins list", "serve --help"])
def test_start_up_loads_nothing_heavy_and_no_plugin(line: str) -> None:
    """Commands that do not need a library do not wait for it."""
    loaded = loaded_modules("-m", "modelpack", *line.split())
    assert not loaded & AT_START
    assert not {name for name in loaded if name.startswith(("modelpack_flavor", "modelpack_deploy"))}


def test_every_public_name_can_be_imported() -> None:
    """The lazy table names only what is there."""
    code = "import modelpack; [getattr(modelpack, name) for name in modelpack.__all__]"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """A typing error behaves as in any module."""
    import modelpack

    with pytest.raises(AttributeError, match="has no attribute 'save_modell'"):
        modelpack.save_modell  # noqa: B018 - the access is the test
