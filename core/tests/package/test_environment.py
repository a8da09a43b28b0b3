"""The environment files that are written with a model."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from packaging import __version__ as packaging_version

from modelpack import __version__
from modelpack.errors import InvalidArgumentError, ModelpackWarning, PluginError
from modelpack.package import distributions
from modelpack.package.environment import Environment, UserEnvironment, environment
from modelpack.plugins.discovery import PluginRecord

if TYPE_CHECKING:
    from pathlib import Path

CORE = f"modelpack-core=={__version__}"
RECORD = PluginRecord("flavor", "toy", "m:flavor", "modelpack-flavor-toy", "1.2.3", "", disabled=False)
LOADERS = (CORE, "modelpack-flavor-toy==1.2.3")


def _environment(*declared: str, **arguments: Any) -> Environment:
    names = ("conda_env", "pip_requirements", "extra_pip_requirements")
    return environment(UserEnvironment.read(*(arguments.get(name) for name in names)), declared, RECORD)


def test_declared_distributions_are_pinned_at_what_is_installed() -> None:
    """What reads the model comes first, then what the flavor needs, each once."""
    found = _environment("packaging", "packaging", "Packaging").requirements
    assert found == (*LOADERS, f"Packaging=={packaging_version}")


def test_a_declared_version_or_address_is_kept() -> None:
    """A flavor may know better than what is installed."""
    assert _environment("numpy<3", "mine @ https://e.org/m.whl").requirements[2:] == (
        "numpy<3",
        "mine @ https://e.org/m.whl",
    )


def test_extras_are_kept_with_the_pin() -> None:
    """`packaging[x]` is pinned as such."""
    assert _environment("packaging[x]").requirements[2:] == (f"packaging[x]=={packaging_version}",)


def test_a_declared_distribution_that_is_not_installed_is_reported() -> None:
    """It stands in the requirements without a version, with a warning that says so."""
    with pytest.warns(ModelpackWarning, match="no-such-thing, which the model needs, is not installed"):
        assert _environment("no-such-thing").requirements[2:] == ("no-such-thing",)


def test_a_declaration_that_is_no_requirement_is_the_plugins_fault() -> None:
    """The error names the plugin and its distribution."""
    with pytest.raises(PluginError, match=r"modelpack-flavor-toy 1\.2\.3.*'not one'"):
        _environment("not one")


def test_extra_requirements_come_on_top_and_win() -> None:
    """The caller's line for a distribution replaces the one that was found."""
    found = _environment("packaging", extra_pip_requirements=["requests", "packaging>=20"]).requirements
    assert found == (*LOADERS, "packaging>=20", "requests")


def test_given_requirements_replace_what_was_found() -> None:
    """Only what reads the model is added, and not when the caller names it."""
    assert _environment("packaging", pip_requirements=["numpy==2.4.6"]).requirements == (*LOADERS, "numpy==2.4.6")
    own = ["modelpack_core>=0.1", "numpy"]
    assert _environment(pip_requirements=own).requirements == (LOADERS[1], *own)


def test_constraints_are_written_beside_the_requirements(tmp_path: Path) -> None:
    """`-c` in what the caller gives becomes constraints.txt in the model, as MLflow does it."""
    (tmp_path / "limits.txt").write_text("scipy<2\n")
    made = _environment(pip_requirements=["numpy", f"-c {tmp_path}/limits.txt"])
    made.write(tmp_path)
    assert (tmp_path / "constraints.txt").read_text() == "scipy<2\n"
    assert (tmp_path / "requirements.txt").read_text().splitlines()[-2:] == ["numpy", "-c constraints.txt"]


def test_the_files_have_the_form_of_mlflow(tmp_path: Path) -> None:
    """requirements.txt, conda.yaml and python_env.yaml, which MLflow's tools restore environments from."""
    made = _environment("packaging")
    made.write(tmp_path)
    lines = [*LOADERS, f"packaging=={packaging_version}"]
    assert (tmp_path / "requirements.txt").read_text().splitlines() == lines
    assert yaml.safe_load((tmp_path / "conda.yaml").read_text()) == {
        "name": "mlflow-env",
        "channels": ["conda-forge"],
        "dependencies": [f"python={platform.python_version()}", "pip", {"pip": lines}],
    }
    assert yaml.safe_load((tmp_path / "python_env.yaml").read_text()) == {
        "python": platform.python_version(),
        "build_dependencies": ["pip", "setuptools", "wheel"],
        "dependencies": ["-r requirements.txt"],
    }
    assert not (tmp_path / "constraints.txt").exists()


def test_a_conda_environment_decides_python_and_requirements(tmp_path: Path) -> None:
    """S47: name, channels and packages of the caller stay; all three files agree."""
    conda = {"name": "mine", "channels": ["defaults"], "dependencies": ["python=3.10.4", "libomp", {"pip": ["numpy"]}]}
    made = _environment("packaging", conda_env=conda)
    made.write(tmp_path)
    written = yaml.safe_load((tmp_path / "conda.yaml").read_text())
    assert written == {**conda, "dependencies": ["python=3.10.4", "libomp", "pip", {"pip": [*LOADERS, "numpy"]}]}
    assert yaml.safe_load((tmp_path / "python_env.yaml").read_text())["python"] == "3.10.4"
    assert (tmp_path / "requirements.txt").read_text().splitlines() == [*LOADERS, "numpy"]
    assert conda["dependencies"] == ["python=3.10.4", "libomp", {"pip": ["numpy"]}]


def test_a_local_version_label_is_kept_with_a_note(tmp_path: Path) -> None:
    """P2: `+cpu` is not on PyPI; the requirement stays exact, and a comment says what it needs."""
    _environment(pip_requirements=["torch==2.13.0+cpu"]).write(tmp_path)
    *_, note, line = (tmp_path / "requirements.txt").read_text().splitlines()
    assert line == "torch==2.13.0+cpu"
    assert note.startswith("# the label +cpu")


@pytest.mark.parametrize("others", [{"pip_requirements": ["a"]}, {"extra_pip_requirements": ["a"]}], ids=str)
def test_one_way_to_describe_the_environment_is_enough(others: dict[str, Any]) -> None:
    """Two at once contradict each other; the error names both arguments."""
    with pytest.raises(InvalidArgumentError, match=f"conda_env and {next(iter(others))}"):
        _environment(conda_env={"dependencies": []}, **others)


def test_modules_are_mapped_to_distributions() -> None:
    """The standard library and unknown modules have none."""
    assert distributions.distributions_of({"yaml", "os", "no_such_module", "orjson"}) == ["orjson", "PyYAML"]
    assert distributions.distributions_of({"orjson", "pydantic_core"}) == ["orjson", "pydantic_core"]
    assert distributions.distributions_of({"os", "sys"}) == []


def test_a_version_is_read_from_metadata() -> None:
    """The same answer as importlib.metadata's, without parsing all of it."""
    assert distributions.installed_version("packaging") == packaging_version
    assert distributions.installed_version("no-such-thing") is None
    assert distributions.installed_version("") is None
