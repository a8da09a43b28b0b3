"""Rules about what stands in the sources."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

FRAMEWORKS = re.compile(
    r"\b(sklearn|scikit|xgboost|lightgbm|catboost|torch|keras|tensorflow|onnx|pyspark|mleap|statsmodels)\b"
)
FORMAT_WORDS = {"cli/aliases.py", "cli/main.py"}  # the seed's command `sklearn serve`
LONGEST_FILE = 300
LONGEST_FUNCTION = 50


def test_no_framework_is_named_in_core(core_sources: list[Path], root: Path) -> None:
    """Core knows no machine-learning library; what one needs goes through a context or a flavor's facts."""
    base = root / "core" / "src" / "modelpack"
    found = {
        f"{path.relative_to(base)}: {match.group()}"
        for path in core_sources
        for match in FRAMEWORKS.finditer(_code(path.read_text()))
        if path.relative_to(base).as_posix() not in FORMAT_WORDS
    }
    assert not found


def test_no_hint_installs_the_unrelated_package(tracked_files: list[Path]) -> None:
    """PyPI's `modelpack` is somebody else's; every hint names a distribution of this project."""
    wrong = re.compile(r"pip install [\"']?modelpack(?![-_\w])")
    found = [str(path) for path in tracked_files if wrong.search(path.read_text(errors="ignore"))]
    assert not [path for path in found if not path.endswith("test_texts.py")]


def test_no_module_is_called_utils(tracked_files: list[Path]) -> None:
    """A module is a noun with one idea."""
    assert not [path for path in tracked_files if re.fullmatch(r"_?(utils?|helpers?|common|misc)(\.py)?", path.name)]


def test_files_and_functions_stay_small(core_sources: list[Path], root: Path) -> None:
    """No file is over 300 lines, no function over 50."""
    sources = [*core_sources, *(root / "plugins").glob("*/src/**/*.py")]
    long_files = {str(path): count for path in sources if (count := len(path.read_text().splitlines())) > LONGEST_FILE}
    long_functions = {
        f"{path}:{node.name}": length
        for path in sources
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (length := _length(node)) > LONGEST_FUNCTION
    }
    assert not long_files
    assert not long_functions


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of code, without the docstring."""
    first = function.body[1] if ast.get_docstring(function) and len(function.body) > 1 else function.body[0]
    return (function.end_lineno or 0) - first.lineno + 1


def _code(source: str) -> str:
    """The source without docstrings (those of attributes too) and comments."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value = ast.Constant(None)
    return ast.unparse(tree)
