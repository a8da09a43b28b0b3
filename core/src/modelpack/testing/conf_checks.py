"""Checks of what stands in `MLmodel` under the flavor's name, and of how older and newer such files are read."""

from __future__ import annotations

import re
import warnings
from importlib import metadata
from typing import TYPE_CHECKING, Any

import pytest

from modelpack.errors import ModelpackError, ModelpackWarning
from modelpack.testing.compare import difference
from modelpack.testing.copies import MISSING, Damage, texts
from modelpack.testing.skips import declared, needed
from modelpack.testing.suite import Suite

if TYPE_CHECKING:
    from pathlib import Path

    from modelpack.package.versions import VersionPolicy
    from modelpack.testing.cases import FlavorCase
    from modelpack.testing.workbench import Workbench

ABSOLUTE = r"/|[A-Za-z]:[/\\]|[^/]*\\"
ANOTHER = "0.0.1"
UNKNOWN = {"key_of_another_release": {"values": [1, 2.5, None]}}


class ConfChecks(Suite):
    """What the conf says."""

    def test_conf_paths_are_relative(self, workbench: Workbench, case: FlavorCase) -> None:
        """No text of the conf is an absolute path, or one with back-slashes, on whatever system it was saved.

        If this fails: write the path relative to `context.path`, by `.as_posix()`.
        """
        for text in self._texts(workbench, case):
            assert re.match(ABSOLUTE, text) is None, f"the conf holds {text!r}"

    def test_no_file_is_left_over(self, workbench: Workbench, case: FlavorCase) -> None:
        """Every file of the flavor is named in the conf, itself or by its folder, or missed when it is not there.

        If this fails: write the name into the conf, so that other tools find the file; remove what was needed only
        while saving.
        """
        named = set(self._texts(workbench, case))
        for file in workbench.artifacts(case):
            parts = file.split("/")
            places = {"/".join(parts[:count]) for count in range(1, len(parts) + 1)}
            if not named & {*places, *(f"{place}/" for place in places)}:
                report = needed(lambda: workbench.damage_report(case), "test_cut_off_files_are_noticed")
                assert report[Damage(file, MISSING)][0] != "loaded", (
                    f"the conf does not name {file}, and nothing reads it"
                )

    def test_unknown_keys_of_the_conf_are_kept(self, workbench: Workbench, case: FlavorCase) -> None:
        """A key that another release wrote is neither an error nor lost.

        If this fails: derive the conf from `FlavorConf` and leave `extra="allow"` as it is.
        """
        predicted = self._predicted_as_saved(workbench, case)
        path = workbench.copy(case, lambda fields: fields["flavors"][self.flavor].update(UNKNOWN))
        self._check_same(workbench, case, path, predicted, "ignore")
        conf = workbench.flavor.conf_type.model_validate({**workbench.conf(case).model_dump(), **UNKNOWN})
        assert conf.model_dump().items() >= UNKNOWN.items(), "the unknown key is lost"

    def test_version_is_recorded_and_compared(self, workbench: Workbench, case: FlavorCase) -> None:
        """A model that another release of the library wrote is refused where the caller says `versions="error"`.

        If this fails: write the library's version into the conf, and call
        `context.check_version(distribution, context.conf.…)` in the load hook; or set `records_version = False`.
        """
        changed = self._of_another_version(workbench, case)
        assert self._versions(workbench, case), f"the conf does not hold the library's version, {self._installed()}"
        with pytest.raises(ModelpackError, match=re.escape(ANOTHER)):
            self._load(workbench, changed, "error")

    def test_version_policy_is_the_callers(self, workbench: Workbench, case: FlavorCase) -> None:
        """A model that another release of the library wrote loads with a warning, or silently, as the caller says.

        If this fails: leave the comparison to `context.check_version`, and refuse only what cannot be read.
        """
        changed = self._of_another_version(workbench, case)
        predicted = self._predicted_as_saved(workbench, case)
        if not self._versions(workbench, case):
            pytest.skip("not reached: test_version_is_recorded_and_compared tells why")
        with warnings.catch_warnings():
            warnings.simplefilter("error", ModelpackWarning)
            self._check_same(workbench, case, changed, predicted, "ignore")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            self._check_same(workbench, case, changed, predicted, "warn")
        told = [str(warning.message) for warning in caught if issubclass(warning.category, ModelpackWarning)]
        assert not self._is_compared(workbench, changed) or any(ANOTHER in text for text in told), (
            'versions="warn" warns of nothing'
        )

    def test_conf_without_version_is_read(self, workbench: Workbench, case: FlavorCase) -> None:
        """A model whose conf does not hold the library's version, as older ones, loads.

        If this fails: let the version be None in the conf, and hand it to `context.check_version` as it is.
        """
        declared(self.records_version, "records_version")
        predicted = self._predicted_as_saved(workbench, case)
        recorded = self._versions(workbench, case)

        def forget(fields: dict[str, Any]) -> None:
            for key in recorded:
                del fields["flavors"][self.flavor][key]

        self._check_same(workbench, case, workbench.copy(case, forget), predicted, "ignore")

    def _texts(self, workbench: Workbench, case: FlavorCase) -> list[str]:
        """Every text in the flavor's conf and in `python_function`."""
        from modelpack.schema.mlmodel import MLmodel

        flavors = MLmodel.load(needed(lambda: workbench.saved(case), "test_saves_a_valid_model")).flavors
        return [text for name in (self.flavor, "python_function") for text in texts(flavors.get(name, {}))]

    def _versions(self, workbench: Workbench, case: FlavorCase) -> list[str]:
        """The keys of the conf that hold the library's version."""
        from modelpack.schema.mlmodel import MLmodel

        conf = MLmodel.load(workbench.saved(case)).flavor_conf(self.flavor)
        return [key for key, value in conf.items() if value == self._installed()]

    def _installed(self) -> str:
        """The version of the library: the distribution's, or what the module says."""
        from importlib import import_module

        if self.distribution is not None:
            return metadata.version(self.distribution)
        return str(import_module(str(self.library)).__version__)

    def _of_another_version(self, workbench: Workbench, case: FlavorCase) -> Path:
        declared(self.records_version, "records_version")
        needed(lambda: workbench.saved(case), "test_saves_a_valid_model")
        changes = dict.fromkeys(self._versions(workbench, case), ANOTHER)
        return workbench.copy(case, lambda fields: fields["flavors"][self.flavor].update(changes))

    def _predicted_as_saved(self, workbench: Workbench, case: FlavorCase) -> Any:
        """What the model as it was saved predicts, or a skip."""
        path = needed(lambda: workbench.saved(case), "test_saves_a_valid_model")
        fresh = "test_loads_in_a_fresh_interpreter"
        return needed(lambda: case.predict(self._load(workbench, path, "ignore"), workbench.inputs(case)), fresh)

    def _is_compared(self, workbench: Workbench, changed: Path) -> bool:
        try:
            self._load(workbench, changed, "error")
        except ModelpackError:
            return True
        return False

    def _load(self, workbench: Workbench, path: Path, versions: VersionPolicy) -> Any:
        import modelpack

        return modelpack.load_model(path, flavor=self.flavor, trust=True, versions=versions, plugins=workbench.manager)

    def _check_same(
        self, workbench: Workbench, case: FlavorCase, path: Path, predicted: Any, versions: VersionPolicy
    ) -> None:
        """A changed copy loads, and predicts as the model does."""
        answer = case.predict(self._load(workbench, path, versions), workbench.inputs(case))
        told = difference(answer, predicted, case.tolerance) if self.deterministic else None
        assert told is None, told
