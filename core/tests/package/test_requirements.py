"""Requirement lines are read and checked before anything is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modelpack.errors import InvalidArgumentError
from modelpack.package.requirements import RequirementLines, joined_by_mistake, read_requirements

if TYPE_CHECKING:
    from pathlib import Path


def _read(source: object) -> RequirementLines:
    return read_requirements(source, argument="pip_requirements")  # type: ignore[arg-type]  # any source is tested


GOOD = [
    "scikit-learn",
    "scikit-learn==1.9.1",
    "pandas[parquet]>=2,<4",
    "torch==2.13.0+cpu",
    'numpy>=2; python_version >= "3.11"',
    "mine @ https://example.org/mine-1.0-py3-none-any.whl",
    "mine @ git+https://github.com/example/mine@v1",
    "numpy==2.4.6 --hash=sha256:abc --hash=sha256:def",
    "--extra-index-url https://download.example.org/cpu",
    "--index-url=https://pypi.example.org/simple",
    "--pre",
    "--only-binary :all:",
]


@pytest.mark.parametrize("line", GOOD)
def test_a_line_that_pip_takes_is_kept_as_it_is(line: str) -> None:
    """Requirements, hashes and index options go into the model unchanged."""
    assert _read([line]) == RequirementLines((line,))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("scikit learn", "is not a requirement"),
        ("numpy=2.4", "is not a requirement"),
        ("./wheels/mine.whl", "is not there where the model is installed"),
        ("-e .", "put the code in code_paths"),
        ("--editable=.", "put the code in code_paths"),
        ("--trusted-host example.org", "allowed are"),
        ("--index-url", "allowed are"),
        ("--pre yes", "allowed are"),
        ("--find-links a --pre", "allowed are"),
        ("$(touch /tmp/x)", "is not a requirement"),
        ("numpy; rm -rf /", "is not a requirement"),
        ("numpy==1 && true", "is not a requirement"),
        ("numpy\nrequests", "is not a requirement"),
        ("--extra-index-url https://me:secret@example.org/", "holds a password"),
        ("mine @ https://me:secret@example.org/mine.whl", "holds a password"),
    ],
)
def test_other_lines_are_refused(line: str, message: str) -> None:
    """The message shows the line, or the hint what to write instead; nothing could reach a shell (CVE-2025-15379)."""
    with pytest.raises(InvalidArgumentError) as caught:
        _read([line])
    assert message in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_line_that_is_no_text_is_shown() -> None:
    """A version given as a number is a mistake that the message names."""
    with pytest.raises(InvalidArgumentError, match="holds 2, which is not a text but int"):
        _read(["numpy", 2])


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("xgboost==0.82cloudpickle==0.8.0", ("xgboost==0.82", "cloudpickle==0.8.0")),
        ("numpy>=2,<3pandas>=2", ("numpy>=2,<3", "pandas>=2")),
        ("a==1.*b==2", ("a==1.*", "b==2")),
        ("numpy==2.0rc1", None),
        ("numpy==2.0", None),
        ("py3dns==3.2.1", None),
    ],
)
def test_a_missing_comma_is_recognised(text: str, pair: tuple[str, str] | None) -> None:
    """§1.14-8: Python joins adjacent string literals; the error shows the two."""
    assert joined_by_mistake(text) == pair


def test_the_error_for_a_missing_comma_shows_both_requirements() -> None:
    """The hint says what was meant."""
    with pytest.raises(
        InvalidArgumentError, match=r"a comma seems to be missing .* 'xgboost==0.82' and 'cloudpickle==0.8.0'"
    ):
        _read(["xgboost==0.82cloudpickle==0.8.0"])


def test_a_requirements_file_is_read_as_pip_reads_it(tmp_path: Path) -> None:
    """Comments, continued lines, a BOM, files named by -r and -c relative to the file that names them."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "more.txt").write_text("-c ../limits.txt\npandas==3.1.1  # frames\n")
    (tmp_path / "limits.txt").write_text("scipy<2\n")
    main = tmp_path / "requirements.txt"
    main.write_text(
        "\ufeff# needed\n\nnumpy==2.4.6 \\\n  --hash=sha256:abc\n-r sub/more.txt\nmine @ https://e.org/m.whl#egg=m\n"
    )
    expected = ("numpy==2.4.6   --hash=sha256:abc", "pandas==3.1.1", "mine @ https://e.org/m.whl#egg=m")
    assert _read(main) == _read(str(main)) == RequirementLines(expected, ("scipy<2",))


def test_a_line_may_name_a_requirements_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with pip, relative to the working directory."""
    (tmp_path / "reqs.txt").write_text("numpy\n")
    monkeypatch.chdir(tmp_path)
    assert _read(["--requirement=reqs.txt", "-r reqs.txt"]) == RequirementLines(("numpy",))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Both as the argument and behind -r."""
    for source in (str(tmp_path / "absent.txt"), [f"-r {tmp_path}/absent.txt"]):
        with pytest.raises(InvalidArgumentError, match=r"absent\.txt.*cannot be read"):
            _read(source)


def test_files_that_name_each_other_are_refused(tmp_path: Path) -> None:
    """There is an end to following -r."""
    (tmp_path / "a.txt").write_text("-r a.txt\n")
    with pytest.raises(InvalidArgumentError, match="name each other"):
        _read(tmp_path / "a.txt")


def test_names_are_canonical() -> None:
    """`Scikit_Learn` and `scikit-learn` are one distribution; options have no name."""
    assert _read(["Scikit_Learn>=1", "--pre"]).names() == {"scikit-learn"}
