"""Checks of what is written."""

from __future__ import annotations

import re
from importlib import metadata
from typing import TYPE_CHECKING

import pytest

from modelpack.errors import AlreadyExistsError, InvalidArgumentError, ModelpackError
from modelpack.testing.compare import difference
from modelpack.testing.failing import failing_manager
from modelpack.testing.skips import declared, needed
from modelpack.testing.suite import PYFUNC, Suite, predicted_by
from modelpack.testing.workbench import TESTER

if TYPE_CHECKING:
    from pathlib import Path

    from modelpack.testing.cases import FlavorCase
    from modelpack.testing.workbench import Workbench

UNKNOWN = "an_option_that_no_flavor_has"
CHANGES_EVERY_TIME = ("model_uuid", "utc_time_created")


class SavingChecks(Suite):
    """What a save leaves behind."""

    def test_saves_a_valid_model(self, workbench: Workbench, case: FlavorCase) -> None:
        """A save writes an `MLmodel` file with the flavor and its generic Python view.

        If this fails: the message is that of `modelpack.save_model`. The save hook answers the flavor's conf (never
        None), plain values only; `loader_modules` names the module for `python_function`.
        """
        needed(lambda: workbench.flavor, "test_plugin_is_valid")
        from modelpack.schema.mlmodel import MLmodel

        model = MLmodel.load(workbench.saved(case))
        assert self.flavor in model.flavors
        assert "python_function" in model.flavors
        assert model.flavors["python_function"]["loader_module"] in workbench.flavor.loader_modules
        assert workbench.conf(case).model_dump().items() >= model.flavor_conf(self.flavor).items()

    def test_writes_into_its_directory_only(self, workbench: Workbench, case: FlavorCase) -> None:
        """A save, and one that fails after the flavor has written, leave nothing anywhere else.

        If this fails: write below `context.path` and nowhere else; use `tempfile` for what is needed in between.
        """
        needed(lambda: workbench.saved(case), "test_saves_a_valid_model")
        assert _names(workbench.models_directory(case)) == ["model"], "the save wrote beside the model directory"
        assert _names(workbench.working_directory(case)) == [], "the save wrote into the working directory"
        place = workbench.new_directory("failing")
        with pytest.raises(ModelpackError):
            workbench.save(case, place / "model", plugins=failing_manager())
        assert _names(place) == [], "a failed save left something behind"

    def test_files_name_no_place_and_no_user(self, workbench: Workbench, case: FlavorCase) -> None:
        """A model can be moved, published and compared: no file tells where it was saved, and by whom.

        If this fails: write paths relative to `context.path`, with `/` between the parts, and no host or user name.
        """
        path = needed(lambda: workbench.saved(case), "test_saves_a_valid_model")
        telling = [str(workbench.root), TESTER]
        for file in filter(_is_file, sorted(path.rglob("*"))):
            content = file.read_bytes()
            found = [text for text in telling if text.encode() in content]
            assert not found, f"{file.relative_to(path)} holds {found[0]!r}"

    def test_second_save_is_refused(self, workbench: Workbench, case: FlavorCase) -> None:
        """Nothing is ever overwritten.

        If this fails: the flavor has removed or replaced the destination; leave the destination to core.
        """
        path = needed(lambda: workbench.saved(case), "test_saves_a_valid_model")
        before = _contents(path)
        with pytest.raises(AlreadyExistsError):
            workbench.save(case, path)
        assert _contents(path) == before

    def test_two_saves_are_equal(self, workbench: Workbench, case: FlavorCase) -> None:
        """Saving one model twice gives the same `MLmodel`, but for its id and time, and files of the same names.

        If this fails: keep times, random names and addresses of objects out of the conf and the file names.
        """
        from modelpack.schema.mlmodel import MLmodel

        first = needed(lambda: workbench.saved(case), "test_saves_a_valid_model")
        second = workbench.save(case, workbench.new_directory("again") / "model")
        told = []
        for path in (first, second):
            fields = MLmodel.load(path).to_dict()
            told.append({key: value for key, value in fields.items() if key not in CHANGES_EVERY_TIME})
        sizes = [fields.pop("model_size_bytes", None) for fields in told]
        assert told[0] == told[1]
        assert None not in sizes or sizes[0] == sizes[1]
        assert list(_contents(first)) == list(_contents(second))

    def test_wrong_models_are_refused(self, workbench: Workbench) -> None:
        """Something else than the library's models is refused in words, before anything is written.

        If this fails: check the model first in the save hook, and raise `InvalidArgumentError` with what is expected
        and what came: "the toy flavor saves a toy.Model, not a str".
        """
        import modelpack

        needed(lambda: workbench.flavor, "test_plugin_is_valid")
        for model in self.wrong_models:
            place = workbench.new_directory("wrong")
            with pytest.raises(InvalidArgumentError) as raised:
                modelpack.save_model(model, place / "model", flavor=self.flavor, plugins=workbench.manager)
            came = model if isinstance(model, type) else type(model)
            assert came.__qualname__ in raised.value.message, f"the error names no {came.__qualname__}: {raised.value}"
            assert _names(place) == []

    def test_requirements_pin_the_library(self, workbench: Workbench, case: FlavorCase) -> None:
        """`requirements.txt` pins core and the library at the versions that are installed.

        If this fails: answer the library's distribution from `requirements(conf)`; core adds the version.
        """
        path = needed(lambda: workbench.saved(case), "test_saves_a_valid_model")
        lines = (path / "requirements.txt").read_text(encoding="utf-8").splitlines()
        pinned = {_normal(name): version for name, _, version in (line.partition("==") for line in lines)}
        for distribution in filter(None, ("modelpack-core", self.distribution)):
            assert pinned.get(_normal(distribution)) == metadata.version(distribution), f"{distribution} in {lines}"

    def test_requirements_are_met_here(self, workbench: Workbench, case: FlavorCase) -> None:
        """Every line of `requirements.txt` is a requirement, and what is installed here meets it.

        If this fails: answer names from `requirements(conf)` and let core pin them; a version that is written in the
        flavor is another one tomorrow.
        """
        from packaging.requirements import Requirement

        path = needed(lambda: workbench.saved(case), "test_saves_a_valid_model")
        for line in (path / "requirements.txt").read_text(encoding="utf-8").splitlines():
            if line.startswith(("-", "#")):
                continue
            requirement = Requirement(line)
            installed = _installed(requirement.name)
            assert installed is not None, f"{line}: it is not installed here"
            assert requirement.specifier.contains(installed, prereleases=True), f"{line}: {installed} is installed here"

    def test_unknown_options_are_refused(self, workbench: Workbench, case: FlavorCase) -> None:
        """An option that the flavor does not have is an error that names it, before anything is written.

        If this fails: derive the options from `PluginOptions` and leave `extra="forbid"` as it is.
        """
        import modelpack

        needed(lambda: workbench.saved(case), "test_saves_a_valid_model")
        place, options = workbench.new_directory("option"), {**case.options, UNKNOWN: 1}
        with pytest.raises(InvalidArgumentError, match=UNKNOWN):
            modelpack.save_model(
                workbench.model(case),
                place / "model",
                flavor=self.flavor,
                signature=False,
                plugins=workbench.manager,
                **options,
            )
        assert _names(place) == []

    def test_saving_leaves_the_model_as_it_is(self, workbench: Workbench, case: FlavorCase) -> None:
        """After a save the model in memory predicts as before; training may go on.

        If this fails: change a copy of what the library cannot write as it is.
        """
        declared(self.deterministic, "deterministic")
        needed(lambda: workbench.saved(case), "test_saves_a_valid_model")
        told = difference(workbench.oracle(case, case.params or {}), workbench.expected(case), case.tolerance)
        assert told is None, f"after the save: {told}"

    def test_loaded_model_is_saved_again(self, workbench: Workbench, case: FlavorCase) -> None:
        """What a load gives can be saved, and predicts the same when it is loaded again.

        If this fails: load the type of object that the save hook takes, whole; or set `saves_loaded_models = False`
        where the library cannot.
        """
        import modelpack

        declared(self.saves_loaded_models, "saves_loaded_models")
        _, predicted = predicted_by(workbench, case)
        native = modelpack.load_model(workbench.saved(case), trust=True, plugins=workbench.manager)
        place = workbench.new_directory("once more") / "model"
        workbench.save_object(case, native, place, signature=workbench.signature(case))
        model = modelpack.pyfunc.load_model(place, trust=True, plugins=workbench.manager)
        answer = model.predict(workbench.inputs(case))
        told = difference(answer, predicted, case.tolerance) if self.deterministic else None
        assert told is None, f"saved, loaded, saved and loaded: {told}"

    def test_saves_with_an_input_example(self, workbench: Workbench, case: FlavorCase) -> None:
        """A model that is saved with an example in place of a signature has both, and predicts the same.

        The outputs of its signature come from the model in memory, through the predictor.

        If this fails: the predictor needs something that only the load hook prepares; the model in memory goes to
        `modelpack_pyfunc_adapt` as it went to `modelpack_save_model`.
        """
        import modelpack

        _, predicted = predicted_by(workbench, case)
        if difference(predicted, workbench.expected(case), case.tolerance) is not None and self.deterministic:
            pytest.skip(f"not reached: {PYFUNC} tells why")
        expected = workbench.oracle(case, case.params or {})
        place = workbench.new_directory("example") / "model"
        workbench.save_object(case, workbench.model(case), place, input_example=workbench.inputs(case))
        model = modelpack.pyfunc.load_model(place, trust=True, plugins=workbench.manager)
        assert model.signature is not None, "the model has no signature"
        assert model.signature.outputs is not None, "the outputs are not known"
        told = difference(model.predict(workbench.inputs(case)), expected, case.tolerance)
        assert told is None or not self.deterministic, told


def _names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def _is_file(path: Path) -> bool:
    return path.is_file()


def _contents(directory: Path) -> dict[str, bytes]:
    files = filter(_is_file, sorted(directory.rglob("*")))
    return {file.relative_to(directory).as_posix(): file.read_bytes() for file in files}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _installed(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
