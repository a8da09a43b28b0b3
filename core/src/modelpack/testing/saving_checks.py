"""Checks of what is written."""

from __future__ import annotations

import re
from importlib import metadata
from typing import TYPE_CHECKING, Any

import pytest

from modelpack.errors import AlreadyExistsError, InvalidArgumentError, ModelpackError
from modelpack.testing.failing import failing_manager
from modelpack.testing.suite import Suite, declared, needed
from modelpack.testing.workbench import TESTER

if TYPE_CHECKING:
    from pathlib import Path

    from modelpack.testing.cases import FlavorCase
    from modelpack.testing.workbench import Workbench

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

    def test_version_is_recorded_and_compared(self, workbench: Workbench, case: FlavorCase) -> None:
        """A model that another release of the library wrote is loaded as the caller's policy says.

        If this fails: write the library's version into the conf, and call
        `context.check_version(distribution, context.conf.…)` in the load hook; or set `records_version = False`.
        """
        import modelpack

        declared(self.records_version, "records_version")
        path = needed(lambda: workbench.saved(case), "test_saves_a_valid_model")
        changed = _with_other_version(workbench, path, self.flavor, self._installed())
        assert changed is not None, f"the conf does not hold the library's version, {self._installed()}"
        with pytest.raises(ModelpackError, match=re.escape("0.0.1")):
            modelpack.load_model(changed, flavor=self.flavor, trust=True, versions="error", plugins=workbench.manager)

    def _installed(self) -> str:
        """The version of the library: the distribution's, or what the module says."""
        from importlib import import_module

        if self.distribution is not None:
            return metadata.version(self.distribution)
        return str(import_module(str(self.library)).__version__)


def _names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def _is_file(path: Path) -> bool:
    return path.is_file()


def _contents(directory: Path) -> dict[str, bytes]:
    files = filter(_is_file, sorted(directory.rglob("*")))
    return {file.relative_to(directory).as_posix(): file.read_bytes() for file in files}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _with_other_version(workbench: Workbench, path: Path, flavor: str, version: str) -> Path | None:
    """A copy of a model whose conf claims release 0.0.1 of the library; None when the conf holds no version."""
    import shutil

    from modelpack.schema.mlmodel import MLmodel

    copy = workbench.new_directory("version") / "model"
    shutil.copytree(path, copy)
    (copy / "MANIFEST.sha256").unlink()
    fields: dict[str, Any] = MLmodel.load(copy).to_dict()
    conf = fields["flavors"][flavor]
    recorded = [key for key, value in conf.items() if value == version]
    if not recorded:
        return None
    conf.update(dict.fromkeys(recorded, "0.0.1"))
    MLmodel.from_dict(fields).save(copy)
    return copy
