from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from modelpack.errors import InvalidArgumentError, InvalidModelError, MissingDependencyError, ModelFailureError
from modelpack.pyfunc import loader
from modelpack.pyfunc.loader import LoaderModel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], str]]:
    """Makes an importable module of a text, and answers its name."""
    monkeypatch.syspath_prepend(tmp_path)
    known = set(sys.modules)

    def make(text: str) -> str:
        (tmp_path / "my_loader.py").write_text(text, encoding="utf-8")
        return "my_loader"

    yield make
    for name in set(sys.modules) - known:
        sys.modules.pop(name)


@pytest.mark.parametrize("hook", ["_load_pyfunc", "load_pyfunc"])
def test_either_hook_is_called_with_the_path(module: Callable[[str], str], hook: str, tmp_path: Path) -> None:
    """`_load_pyfunc`, or `load_pyfunc` as it was called before 0.7 (S18)."""
    name = module(f"def {hook}(path): return ('loaded', path)")
    assert loader.load(name, tmp_path / "data", tmp_path, {"k": 1}) == ("loaded", str(tmp_path / "data"))


def test_a_hook_that_takes_the_configuration_is_given_it(module: Callable[[str], str], tmp_path: Path) -> None:
    """Loaders of newer MLflow take it as a second argument."""
    name = module("def _load_pyfunc(path, model_config=None): return model_config")
    assert loader.load(name, tmp_path, tmp_path, {"k": 1}) == {"k": 1}


@pytest.mark.parametrize("name", ["", "a/b", "../evil", "os;import x", "a..b", ".a", "1a", None])
def test_what_cannot_be_a_module_is_refused(name: Any, tmp_path: Path) -> None:
    """While saving and while loading, before anything is imported."""
    with pytest.raises(InvalidArgumentError, match="cannot be the name of a module"):
        LoaderModel(name)
    with pytest.raises(InvalidModelError, match="cannot be the name of a module"):
        loader.load(name, tmp_path, tmp_path, {})


def test_a_missing_loader_module_is_named(tmp_path: Path) -> None:
    """The message says that the model is loaded by it."""
    with pytest.raises(MissingDependencyError, match="the model is loaded by the module 'no_such_loader'"):
        loader.load("no_such_loader", tmp_path, tmp_path, {})


@pytest.mark.parametrize(
    "text", ["import no_such_library", "def _load_pyfunc(path):\n    import no_such_library"], ids=["import", "load"]
)
def test_a_library_that_the_loader_misses_is_named(module: Callable[[str], str], text: str, tmp_path: Path) -> None:
    """Whether it is missed when the module is imported or when it loads."""
    with pytest.raises(
        MissingDependencyError, match="module 'my_loader' of the model needs the module 'no_such_library'"
    ):
        loader.load(module(text), tmp_path, tmp_path, {})


def test_a_module_without_the_hook_says_what_to_define(module: Callable[[str], str], tmp_path: Path) -> None:
    """The hint shows the function."""
    with pytest.raises(ModelFailureError, match="'my_loader' has no _load_pyfunc") as raised:
        loader.load(module("x = 1"), tmp_path, tmp_path, {})
    assert "_load_pyfunc(path)" in str(raised.value.hint)


class _Model:
    def predict(self, data: Any) -> Any:
        return ("predict", data)

    def score(self, data: Any) -> Any:
        return ("score", data)


def test_what_was_loaded_predicts() -> None:
    """An object through its method, which the model may name, or a function as it is (S24)."""
    assert loader.predictor(_Model(), "predict", "m").predict(1) == ("predict", 1)
    assert loader.predictor(_Model(), "score", "m").predict(1) == ("score", 1)
    assert loader.predictor(lambda data: -data, "predict", "m").predict(1) == -1


def test_what_cannot_predict_is_named() -> None:
    """The message says what the loader module answered."""
    with pytest.raises(ModelFailureError, match=r"'m' answered a dict, which has no predict\(\)"):
        loader.predictor({}, "predict", "m")
