"""A model's own modules are imported in private."""

from __future__ import annotations

import importlib
import pickle
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from modelpack.package.code import ModelCode, active_code

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import ModuleType


@pytest.fixture
def write_code(tmp_path_factory: pytest.TempPathFactory) -> Callable[[dict[str, str]], ModelCode]:
    """Write modules to a new directory; answers the ModelCode of it."""

    def write(files: dict[str, str]) -> ModelCode:
        directory = tmp_path_factory.mktemp("code")
        for name, text in files.items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return ModelCode(directory)

    return write


def _import(code: ModelCode, name: str) -> Any:
    with code.activate():
        return importlib.import_module(name)


def test_modules_are_importable_while_the_model_is_loaded_and_at_no_other_time(write_code: Any) -> None:
    """Neither `sys.modules` nor `sys.meta_path` nor `sys.path` shows them afterwards."""
    finders, path = list(sys.meta_path), list(sys.path)
    code = write_code({"features.py": "ANSWER = 42"})
    assert _import(code, "features").ANSWER == 42
    assert "features" not in sys.modules
    assert (sys.meta_path, sys.path) == (finders, path)
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("features")


def test_a_module_is_imported_once(write_code: Any) -> None:
    """The second activation finds the module of the first."""
    code = write_code({"features.py": ""})
    assert _import(code, "features") is _import(code, "features")


def test_two_models_have_modules_of_one_name(write_code: Any) -> None:
    """P9: each model gets its own, also for an import that a function does when both are loaded."""
    text = "def late():\n    import settings\n    from settings import VALUE\n    return settings.VALUE, VALUE"
    first = write_code({"features.py": text, "settings.py": "VALUE = 1"})
    second = write_code({"features.py": text, "settings.py": "VALUE = 2"})
    functions = [_import(code, "features").late for code in (first, second)]
    assert [function() for function in functions] == [(1, 1), (2, 2)]
    assert [function() for function in functions] == [(1, 1), (2, 2)]
    assert "settings" not in sys.modules


PACKAGE = {
    "pkg/__init__.py": "from . import base\nfrom .sub import deep as deeper\n",
    "pkg/base.py": "NAME = __name__\n__all__ = ['NAME']",
    "pkg/sub/__init__.py": "",
    "pkg/sub/deep.py": "from ..base import NAME\nfrom .. import base as up\nVALUE = 7",
    "pkg/late.py": "VALUE = 8",
    "pkg/circle_a.py": "from . import circle_b\nA = 1",
    "pkg/circle_b.py": "import pkg.circle_a as other\ndef value():\n    return other.A",
}
RUN = """
def run():
    scope = {"__builtins__": __builtins__}
    exec(SOURCE, scope)
    return scope["result"]
"""
STATEMENTS = {
    "import pkg.sub.deep\nresult = pkg.sub.deep.VALUE": 7,
    "import pkg.sub.deep as d\nresult = d.VALUE": 7,
    "from pkg.sub.deep import VALUE as result": 7,
    "from pkg.sub import deep\nresult = deep.NAME": "pkg.base",
    "from pkg import late\nresult = late.VALUE": 8,
    "import pkg.late\nresult = pkg.late.VALUE": 8,
    "from pkg.base import *\nresult = NAME": "pkg.base",
    "from pkg import circle_a\nresult = circle_a.circle_b.value()": 1,
    "import pkg\nresult = pkg.deeper.up.NAME": "pkg.base",
}


@pytest.mark.parametrize(
    ("statement", "expected"), STATEMENTS.items(), ids=[text.replace("\n", "; ") for text in STATEMENTS]
)
def test_every_form_of_import_works(write_code: Any, statement: str, expected: object) -> None:
    """Packages with relative imports, submodules, aliases and circles, at load time and again later."""
    code = write_code(PACKAGE | {"main.py": f"SOURCE = {statement!r}\n{RUN}AT_LOAD = run()"})
    module = _import(code, "main")
    assert (module.AT_LOAD, module.run()) == (expected, expected)


@pytest.mark.parametrize(
    ("statement", "expected"), STATEMENTS.items(), ids=[text.replace("\n", "; ") for text in STATEMENTS]
)
def test_every_form_of_import_works_for_the_first_time_after_loading(
    write_code: Any, statement: str, expected: object
) -> None:
    """A function may import when the model predicts, what had not been imported before."""
    code = write_code(PACKAGE | {"main.py": f"SOURCE = {statement!r}\n{RUN}"})
    assert _import(code, "main").run() == expected
    assert not any(name.partition(".")[0] == "pkg" for name in sys.modules)


def test_threads_may_import_at_predict_time(write_code: Any) -> None:
    """Sixteen threads that import the same and different modules for the first time agree."""
    files = {f"part{number}.py": f"import shared\nVALUE = {number}" for number in range(8)}
    branch = "    if number == {0}:\n        import part{0} as part\n"
    run = (
        "def run(number):\n"
        + "".join(branch.format(number) for number in range(8))
        + "    return part.VALUE, part.shared"
    )
    code = write_code({**files, "shared.py": "import time\ntime.sleep(0.02)\nOBJECT = object()", "main.py": run})
    main = _import(code, "main")
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(main.run, [number % 8 for number in range(64)]))
    assert [value for value, _ in found] == [number % 8 for number in range(64)]
    assert len({id(shared) for _, shared in found}) == 1
    assert "shared" not in sys.modules


def test_a_thread_of_the_loading_code_may_import_too(write_code: Any) -> None:
    """Loading code that starts threads and waits for them does not lock itself out."""
    code = write_code({"a.py": "def work():\n    import b\n    return b.VALUE", "b.py": "VALUE = 3"})
    with code.activate(), ThreadPoolExecutor(1) as pool:
        module = importlib.import_module("a")
        assert pool.submit(module.work).result(timeout=10) == 3


def test_an_import_that_outlasts_the_activation_may_import_too(
    write_code: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread in the midst of a module, and a thread that it waits for, are not waited for in vain."""
    gate = SimpleNamespace(entered=threading.Event(), ending=threading.Event())
    monkeypatch.setitem(sys.modules, "gate_of_a_test", cast("ModuleType", gate))
    slow = (
        "import gate_of_a_test as gate\ngate.entered.set()\ngate.ending.wait()\nimport b\n"
        "from concurrent.futures import ThreadPoolExecutor\nimport helper\n"
        "with ThreadPoolExecutor(1) as pool:\n    VALUE = b.VALUE + pool.submit(helper.work).result()\n"
    )
    helper = "def work():\n    import c\n    return c.VALUE"
    code = write_code({"slow.py": slow, "b.py": "VALUE = 1", "c.py": "VALUE = 2", "helper.py": helper})
    found: list[int] = []

    def activate() -> None:
        with code.activate():
            guest.start()
            gate.entered.wait()
            threading.Timer(0.2, gate.ending.set).start()  # when this thread waits for its guest

    guest = threading.Thread(target=lambda: found.append(_import(code, "slow").VALUE), daemon=True)
    host = threading.Thread(target=activate, daemon=True)
    host.start()
    host.join(timeout=20)
    assert not host.is_alive()
    assert found == [3]
    assert not {"slow", "b", "c", "helper"} & sys.modules.keys()


def test_an_activation_within_another_keeps_the_models_apart(write_code: Any) -> None:
    """A model that loads another model while it is loaded itself gets its own modules back."""
    outer, inner = write_code({"m.py": "WHO = 'outer'"}), write_code({"m.py": "WHO = 'inner'"})
    with outer.activate():
        with outer.activate():
            assert importlib.import_module("m").WHO == "outer"
        with inner.activate():
            assert importlib.import_module("m").WHO == "inner"
            assert active_code() is inner
        assert importlib.import_module("m").WHO == "outer"
        assert active_code() is outer
    assert active_code() is None


def test_a_module_may_hide_an_installed_one_from_its_own_model_only(
    write_code: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model sees its own; everyone else, before, meanwhile and after, the installed one."""
    (tmp_path / "shadowed.py").write_text("WHO = 'installed'")
    (tmp_path / "user_of_it.py").write_text("import shadowed\ndef who():\n    import shadowed\n    return shadowed.WHO")
    monkeypatch.syspath_prepend(tmp_path)
    user = importlib.import_module("user_of_it")
    installed = sys.modules["shadowed"]
    code = write_code(
        {"shadowed.py": "WHO = 'model'", "main.py": "import user_of_it\nimport shadowed\nWHO = shadowed.WHO"}
    )
    main = _import(code, "main")
    assert (main.WHO, user.who(), main.user_of_it.who()) == ("model", "installed", "installed")
    assert sys.modules["shadowed"] is installed
    for name in ("shadowed", "user_of_it"):
        monkeypatch.delitem(sys.modules, name)


def test_the_standard_library_is_never_hidden(write_code: Any) -> None:
    """A `json.py` in a model changes nothing: its author's own imports got the library's as well."""
    code = write_code(
        {"json.py": "raise SystemExit", "types/__init__.py": "raise SystemExit", "main.py": "import json, types"}
    )
    assert code.names == {"main"}
    assert _import(code, "main").json.dumps(1) == "1"


def test_pickles_find_their_classes(write_code: Any) -> None:
    """A pickle that names a class of the model's modules loads during the activation, and is usable afterwards."""
    text = "class Scaler:\n    def scale(self):\n        from pkg.constants import FACTOR\n        return FACTOR"
    code = write_code({"pkg/__init__.py": "", "pkg/scaling.py": text, "pkg/constants.py": "FACTOR = 3"})
    with code.activate():
        scaling = importlib.import_module("pkg.scaling")
        data = pickle.dumps(scaling.Scaler())
    with code.activate():
        loaded = pickle.loads(data)
    assert type(loaded) is scaling.Scaler
    assert loaded.scale() == 3
    with pytest.raises(ModuleNotFoundError):
        pickle.loads(data)


def test_a_module_knows_its_place(write_code: Any) -> None:
    """`__file__`, `importlib.resources` and tracebacks work, at load time and later."""
    text = (
        "from importlib.resources import files\nimport pkg\nfrom pathlib import Path\n"
        "AT_LOAD = files('pkg').joinpath('data.txt').read_text()\n"
        "def later():\n    return files(pkg).joinpath('data.txt').read_text(), Path(__file__).parent.name\n"
    )
    code = write_code({"pkg/__init__.py": "", "pkg/data.txt": "42", "pkg/reader.py": text})
    reader = _import(code, "pkg.reader")
    assert reader.AT_LOAD == "42"
    assert reader.later() == ("42", "pkg")
    assert reader.later.__code__.co_filename == str(code.directory / "pkg" / "reader.py")


def test_a_module_that_fails_leaves_nothing(write_code: Any) -> None:
    """The error is the module's own; nothing half-imported stays, and the next attempt runs it again."""
    code = write_code({"broken.py": "import fine\nraise RuntimeError('half-way')", "fine.py": ""})
    for _ in range(2):
        with pytest.raises(RuntimeError, match="half-way"):
            _import(code, "broken")
    assert not {"broken", "fine"} & set(sys.modules)
    assert active_code() is None


def test_a_missing_module_is_reported_as_python_does(write_code: Any) -> None:
    """A submodule or name that is not there gives the errors that callers catch."""
    module = _import(
        write_code(
            {
                "pkg/__init__.py": "",
                "main.py": "import pkg\ndef sub():\n    import pkg.no\ndef name():\n    from pkg import no",
            }
        ),
        "main",
    )
    with pytest.raises(ModuleNotFoundError, match=r"pkg\.no"):
        module.sub()
    with pytest.raises(ImportError, match="cannot import name 'no'"):
        module.name()


def test_bytecode_is_neither_written_nor_read(write_code: Any) -> None:
    """The manifest does not cover it: a changed cache must have no effect."""
    code = write_code({"features.py": "VALUE = 1", "pkg/__init__.py": "", "pkg/inner.py": "VALUE = 2"})
    _import(code, "features")
    _import(code, "pkg.inner")
    assert not list(code.directory.rglob("__pycache__"))
    (code.directory / "orphan.pyc").write_bytes(b"")
    (code.directory / "pkg" / "orphan.pyc").write_bytes(b"")
    with pytest.raises(ModuleNotFoundError):
        _import(code, "orphan")
    with pytest.raises(ModuleNotFoundError):
        _import(code, "pkg.orphan")


def test_a_directory_is_a_module_when_it_holds_python(
    write_code: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without `__init__.py` too, unless it holds data only or a package of that name is installed."""
    (tmp_path / "installed_package").mkdir()
    (tmp_path / "installed_package" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    code = write_code(
        {"space/inner.py": "VALUE = 5", "tables/data.csv": "", "installed_package/x.py": "", "no-name.py": ""}
    )
    assert code.names == {"space"}
    assert _import(code, "space.inner").VALUE == 5


def test_other_activations_wait(write_code: Any) -> None:
    """While one model is loaded, another's modules of the same name do not come into its way."""
    first, second = write_code({"m.py": "WHO = 1"}), write_code({"m.py": "WHO = 2"})
    started, seen = threading.Event(), []

    def load() -> None:
        started.set()
        seen.append(_import(second, "m").WHO)

    thread = threading.Thread(target=load)
    with first.activate():
        thread.start()
        started.wait()
        thread.join(timeout=0.05)
        assert seen == []
        assert importlib.import_module("m").WHO == 1
    thread.join()
    assert seen == [2]
