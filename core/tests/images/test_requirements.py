"""What is installed in an image, from what a model says and what its builder asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelpack import __version__
from modelpack.errors import InvalidArgumentError, InvalidModelError
from modelpack.images.model_environment import ModelEnvironment
from modelpack.images.options import ImageOptions
from modelpack.images.requirement_lines import parsed_lines
from modelpack.images.requirements import Required, required
from modelpack.plugins.discovery import PluginRecord

CORE = f"modelpack-core=={__version__}"
PLUGIN = PluginRecord("flavor", "toy", "toy:flavor", "modelpack-flavor-toy", "1.2.3", "", disabled=False)
OWN = PluginRecord("flavor", "python_function", "m:f", "modelpack-core", __version__, "", disabled=False)


def resolve(
    *lines: str, extra: tuple[str, ...] = (), without: tuple[str, ...] = (), conda: tuple[str, ...] = ()
) -> Required:
    """What is required for a model with these lines, served by a plugin."""
    environment = ModelEnvironment("3.11", parsed_lines(lines), (), conda, stated=True)
    return required(environment, PLUGIN, [], ImageOptions(extra_requirements=extra, without_requirements=without))


def test_server_and_plugin_come_with_the_models_own() -> None:
    """An image gets core, the plugin that serves, and the model's lines as they are."""
    assert resolve("numpy==2.4.6", "pandas>=2").text_lines() == (
        CORE,
        "modelpack-flavor-toy==1.2.3",
        "numpy==2.4.6",
        "pandas>=2",
    )


def test_own_distributions_have_the_builders_version() -> None:
    """What makes the image is what serves in it; a model that was saved by another release is told about."""
    found = resolve("modelpack-core[arrow]==0.0.9", "modelpack-flavor-toy==1.2.3", "numpy==2.4.6")
    assert found.text_lines()[:2] == (f"modelpack-core[arrow]=={__version__}", "modelpack-flavor-toy==1.2.3")
    assert len(found.notes) == 1
    assert "modelpack-core[arrow]==0.0.9" in found.notes[0]


def test_cores_own_flavor_reads_frames() -> None:
    """A Python class takes DataFrames, which core reads with pandas."""
    environment = ModelEnvironment("3.11", (), (), (), stated=True)
    found = required(environment, OWN, [], ImageOptions())
    assert found.text_lines() == (f"modelpack-core[pandas]=={__version__}",)


@pytest.mark.parametrize("line", ["mlflow==2.9.1", "mlflow-skinny>=2", "MLflow"])
def test_mlflow_is_left_out_with_a_note(line: str) -> None:
    """A model that MLflow wrote is read without it; whoever needs it for the model's code can say so."""
    found = resolve(line, "numpy==2.4.6")
    assert "numpy==2.4.6" in found.text_lines()
    assert not any("mlflow" in each.lower() for each in found.text_lines())
    assert "--extra-requirement mlflow" in found.notes[0]
    kept = resolve(line, extra=("mlflow==2.9.1", "mlflow-skinny==2.9.1"))
    assert "mlflow==2.9.1" in kept.text_lines()


def test_extra_requirement_takes_the_place_of_the_models() -> None:
    """No distribution is required twice, unless for different machines."""
    found = resolve("xgboost==3.2.0", "numpy==1", extra=("NumPy==2", "xgboost-cpu==3.2.0"), without=("XGBoost",))
    assert found.text_lines()[2:] == ("NumPy==2", "xgboost-cpu==3.2.0")
    marked = resolve('a==1; sys_platform == "linux"', 'a==2; sys_platform != "linux"')
    assert len(marked.text_lines()) == 4


def test_extra_file_of_requirements_may_name_constraints(tmp_path: Path) -> None:
    """What `-r` and `-c` name is taken as pip takes it."""
    (tmp_path / "more.txt").write_text("scipy==1.17.1\n-c limits.txt\n")
    (tmp_path / "limits.txt").write_text("packaging<99\n")
    found = resolve(extra=(f"-r {tmp_path / 'more.txt'}",))
    assert found.text_lines()[2:] == ("scipy==1.17.1",)
    assert found.constraints == ("packaging<99",)


def test_extra_wheel_is_a_file_and_a_requirement(tmp_path: Path) -> None:
    """A wheel that no index has can be given by its path."""
    wheel = tmp_path / "mine-1.0-py3-none-any.whl"
    wheel.write_bytes(b"")
    found = resolve("mine==0.9", extra=(str(wheel),))
    assert found.files == (wheel,)
    assert found.text_lines()[2:] == ("mine==1.0",)
    with pytest.raises(InvalidArgumentError, match="there is no wheel"):
        resolve(extra=(str(tmp_path / "other-1.0-py3-none-any.whl"),))


def test_packages_of_conda_have_to_be_named_for_pip() -> None:
    """What the model takes from conda is refused by name, until whoever builds says what it is called in the index."""
    with pytest.raises(InvalidModelError, match="scikit-learn, gdal") as refused:
        resolve(conda=("scikit-learn", "gdal"))
    assert "--extra-requirement scikit-learn" in (refused.value.hint or "")
    found = resolve(conda=("scikit-learn", "gdal"), extra=("scikit-learn==1.9.1",), without=("gdal",))
    assert "scikit-learn==1.9.1" in found.text_lines()


def test_model_that_says_nothing_gets_what_its_flavor_needs() -> None:
    """The flavor's requirements are pinned at what is installed here, with a note."""
    environment = ModelEnvironment("3.11", (), (), (), stated=False)
    found = required(environment, PLUGIN, ["pytest", "no-such-distribution-here"], ImageOptions())
    assert found.text_lines()[2:] == (f"pytest=={pytest.__version__}", "no-such-distribution-here")
    assert "does not say what it needs" in found.notes[0]


def test_index_of_a_model_is_told_about_and_stands_first() -> None:
    """Where packages come from is for whoever builds to judge; options stand before requirements."""
    found = resolve("torch==2.13.0+cpu", "--extra-index-url https://download.pytorch.org/whl/cpu")
    assert found.text_lines()[0] == "--extra-index-url https://download.pytorch.org/whl/cpu"
    assert any("download.pytorch.org" in note for note in found.notes)


def test_what_is_installed_here_may_be_built_here() -> None:
    """A checkout stands for a requirement only if its version is the one that the model asks for."""
    found = resolve(f"pytest=={pytest.__version__}", "hypothesis==0.0.1", "no-such-distribution-here==1")
    assert found.met_here() == ["modelpack-core", "pytest"]


def test_addresses_are_told_about_wherever_they_stand() -> None:
    """A requirement or constraint can name the file to install, in place of an index."""
    environment = ModelEnvironment("3.11", (), ("numpy @ https://example.org/numpy.whl",), (), stated=True)
    assert "https://example.org/numpy.whl" in required(environment, OWN, [], ImageOptions()).notes[0]
    local = ModelEnvironment("3.11", (), ("numpy @ file:///opt/numpy.whl",), (), stated=True)
    with pytest.raises(InvalidArgumentError, match="file:///opt"):
        required(local, OWN, [], ImageOptions())


def test_hashes_are_left_out_with_a_note() -> None:
    """Tools that see one hash ask for all; ours have none."""
    found = resolve("--require-hashes", f"numpy==2.4.6 --hash=sha256:{'0' * 64}")
    assert found.text_lines()[2:] == ("numpy==2.4.6",)
    assert "without its hashes" in found.notes[0]


@pytest.mark.parametrize(
    "line",
    ["mine @ file:///home/me/mine", "mine @ git+https://example.org/mine@v1", "--find-links /opt/wheels", "-f wheels"],
)
def test_places_that_the_build_does_not_reach_are_refused(line: str) -> None:
    """A path of the machine that saved the model, and a repository, are named, with what to do instead."""
    with pytest.raises(InvalidArgumentError) as refused:
        parsed_lines([line])
    assert line in refused.value.message
    assert ".whl" in (refused.value.hint or "")
