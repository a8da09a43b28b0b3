from __future__ import annotations

import bz2
import gzip
import lzma
import pickle
from typing import TYPE_CHECKING, Any

import pytest

from modelpack.errors import InvalidModelError, MissingDependencyError, ModelFailureError
from modelpack.package.code import ModelCode
from modelpack.pyfunc import PythonModel
from modelpack.pyfunc.pickling import pickle_model
from modelpack.pyfunc.unpickling import unpickle_model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def local_model(factor: int = 2) -> PythonModel:
    """An instance of a class that is pickled by value."""

    class Model(PythonModel):
        shared = 1

        def __init__(self) -> None:
            self.factor = factor

        def predict(self, model_input: Any) -> Any:
            return [self.factor * each for each in model_input]

    return Model()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The pickle of a model."""
    pickle_model(local_model(), tmp_path / "model.pkl")
    return tmp_path / "model.pkl"


def load(path: Path, **arguments: Any) -> Any:
    """The model in a pickle."""
    return unpickle_model(path, root=path.parent, **arguments)


def test_a_model_comes_back(path: Path) -> None:
    """It predicts the same, and it is a PythonModel."""
    model = load(path)
    assert model.predict([1, 2]) == [2, 4]
    assert isinstance(model, PythonModel)


def test_loading_changes_no_class_that_is_there(tmp_path: Path) -> None:
    """The class of the program that saved the model stays as it is, and two loads do not share one."""
    original = local_model()
    pickle_model(original, tmp_path / "model.pkl")
    type(original).shared = 7  # type: ignore[attr-defined]  # the class is local
    first, second = load(tmp_path / "model.pkl"), load(tmp_path / "model.pkl")
    type(first).shared = 8
    assert (type(original).shared, type(first).shared, type(second).shared) == (7, 8, 1)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "compress"), [("gzip", gzip.compress), ("bzip2", bz2.compress), ("lzma", lzma.compress)]
)
def test_a_compressed_pickle_is_read(path: Path, name: str, compress: Callable[[bytes], bytes]) -> None:
    """MLflow can write these three."""
    path.write_bytes(compress(path.read_bytes()))
    assert load(path, compression=name).predict([1]) == [2]


def test_an_unknown_compression_is_named(path: Path) -> None:
    """Nothing is guessed."""
    with pytest.raises(InvalidModelError, match="compressed with 'zip'"):
        load(path, compression="zip")


def test_a_missing_module_is_named(tmp_path: Path) -> None:
    """With the line of the requirements that brings it."""
    (tmp_path / "requirements.txt").write_text("forest-lib==2.1\n", encoding="utf-8")
    (tmp_path / "model.pkl").write_bytes(b"cforest_lib.trees\nForest\n.")
    with pytest.raises(MissingDependencyError, match="'forest_lib', which is not installed") as raised:
        load(tmp_path / "model.pkl")
    assert raised.value.hint == 'pip install "forest-lib==2.1"'


def test_a_missing_class_is_named(tmp_path: Path) -> None:
    """Another version of its library is the likely reason."""
    (tmp_path / "model.pkl").write_bytes(b"cpackaging.version\nForest\n.")
    with pytest.raises(ModelFailureError, match=r"refers to 'Forest' of the module 'packaging\.version'") as raised:
        load(tmp_path / "model.pkl")
    assert "version of packaging" in str(raised.value.hint)


@pytest.mark.parametrize(
    "damage",
    [lambda data: data[:0], lambda data: data[:50], lambda data: data[:2] + b"nonsense"],
    ids=["empty", "cut", "other"],
)
def test_a_damaged_pickle_is_named(path: Path, damage: Callable[[bytes], bytes]) -> None:
    """The hint compares the versions that wrote and that read it."""
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ModelFailureError, match=r"model\.pkl cannot be read") as raised:
        load(path, saved_with="it was saved with Python 3.6.1 and cloudpickle 0.8.0")
    assert "Python 3.6.1 and cloudpickle 0.8.0; this is Python 3." in str(raised.value.hint)


def test_functions_import_the_models_own_modules(tmp_path: Path) -> None:
    """Imports at predict time, in nested functions too, find the code that came with this model, not with another."""

    class Model(PythonModel):
        def predict(self, model_input: Any) -> Any:
            def inner() -> Any:
                import scaling_by_h5  # type: ignore[import-not-found]  # each model brings its own

                return scaling_by_h5.FACTOR

            return [inner() * each for each in model_input]

    pickle_model(Model(), tmp_path / "model.pkl")
    models = []
    for factor in (2, 3):
        directory = tmp_path / f"code{factor}"
        directory.mkdir()
        (directory / "scaling_by_h5.py").write_text(f"FACTOR = {factor}\n", encoding="utf-8")
        models.append(load(tmp_path / "model.pkl", code=ModelCode(directory)))
    assert [model.predict([10]) for model in models] == [[20], [30]]


def test_a_plain_pickle_is_read_too(tmp_path: Path) -> None:
    """Whatever pickle can read is read; cloudpickle is not needed for it."""
    (tmp_path / "model.pkl").write_bytes(pickle.dumps({"a": 1}))
    assert load(tmp_path / "model.pkl") == {"a": 1}
