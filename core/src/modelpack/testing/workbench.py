"""What the checks of one test class share: models, saved directories and reports, each made once, when first needed."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from modelpack.testing import probes
from modelpack.testing.copies import Damage, damaged, rewritten, texts
from modelpack.testing.interpreter import InterpreterError, pickled, run_python
from modelpack.testing.loading_probe import Task, load_and_predict
from modelpack.testing.once import Once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from modelpack.interfaces import Flavor
    from modelpack.plugins.manager import PluginManager
    from modelpack.pyfunc import PyFuncModel
    from modelpack.testing.cases import FlavorCase
    from modelpack.testing.loading_probe import Report

T = TypeVar("T")

TESTER = "modelpack-tester"
ELSEWHERE = "another place, ein Ort é 场所"
WRITTEN_BY_CORE = frozenset(
    {
        "MANIFEST.sha256",
        "MLmodel",
        "conda.yaml",
        "constraints.txt",
        "input_example.json",
        "python_env.yaml",
        "requirements.txt",
        "serving_input_example.json",
    }
)


class Workbench:
    """Makes things once and keeps them, failures too."""

    def __init__(self, flavor_name: str, library: str | None, cases: Sequence[FlavorCase], root: Path) -> None:
        """Work in the directory `root` on the flavor of that name, whose library is imported as `library`."""
        self.flavor_name = flavor_name
        self.library = library
        self.root = root
        self.home = root / "modelpack-home"
        self._cases = cases
        self._keep = Once()

    @property
    def manager(self) -> PluginManager:
        """A plugin manager of the environment as it is."""
        from modelpack.plugins.manager import PluginManager

        return self._once("manager", "", PluginManager)

    @property
    def flavor(self) -> Flavor[Any, Any]:
        """The flavor."""
        return self._once("flavor", "", lambda: self.manager.flavor(self.flavor_name))

    def model(self, case: FlavorCase) -> Any:
        """The model of a case."""
        return self._once("model", case.name, case.build)

    def inputs(self, case: FlavorCase) -> Any:
        """A fresh copy of the rows of a case."""
        from copy import deepcopy

        given = case.inputs
        return deepcopy(self._once("inputs", case.name, lambda: given() if callable(given) else given))

    def expected(self, case: FlavorCase) -> Any:
        """What the library predicts by itself."""
        return self._once("expected", case.name, lambda: self.oracle(case, case.params or {}))

    def expected_otherwise(self, case: FlavorCase) -> Any:
        """What the library predicts by itself with the case's other params."""
        return self._once("otherwise", case.name, lambda: self.oracle(case, case.other_params or {}))

    def oracle(self, case: FlavorCase, params: Mapping[str, Any]) -> Any:
        """What the library predicts by itself, with params."""
        return case.predict(self.model(case), self.inputs(case), **params)

    def signature(self, case: FlavorCase) -> Any:
        """The signature of a case, inferred from its inputs, predictions and params."""
        from modelpack import infer_signature

        params = None if case.params is None else dict(case.params)
        return infer_signature(self.inputs(case), self.expected(case), params)

    def saved(self, case: FlavorCase) -> Path:
        """The directory of the saved model."""
        return self._once("saved", case.name, lambda: self._save_first(case))

    def save(self, case: FlavorCase, path: Path, plugins: PluginManager | None = None) -> Path:
        """Save the model of a case once more, from another working directory as a user of a telling name."""
        return self.save_object(case, self.model(case), path, plugins, signature=self.signature(case))

    def save_object(
        self, case: FlavorCase, model: Any, path: Path, plugins: PluginManager | None = None, **arguments: Any
    ) -> Path:
        """Save an object as the model of a case is saved."""
        import pytest

        import modelpack

        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.working_directory(case))
            patch.setenv("HOME", str(self.root / "home" / TESTER))
            patch.setenv("LOGNAME", TESTER)
            patch.setenv("USER", TESTER)
            modelpack.save_model(
                model,
                path,
                flavor=self.flavor_name,
                plugins=plugins or self.manager,
                **arguments,
                **case.options,
            )
        return path

    def pyfunc(self, case: FlavorCase) -> PyFuncModel:
        """The saved model, loaded as its generic Python view."""
        import modelpack.pyfunc

        path = self.saved(case)
        return self._once("pyfunc", case.name, lambda: modelpack.pyfunc.load_model(path, trust=True))

    def generic_view(self, case: FlavorCase) -> dict[str, Any]:
        """What the saved model says under `python_function`."""
        from modelpack.schema.mlmodel import MLmodel

        return MLmodel.load(self.saved(case)).flavor_conf("python_function")

    def conf(self, case: FlavorCase) -> Any:
        """What the saved model says under the flavor's name, as the flavor's conf type."""
        from modelpack.schema.mlmodel import MLmodel

        return self.flavor.conf_type.model_validate(MLmodel.load(self.saved(case)).flavor_conf(self.flavor_name))

    def named_paths(self, case: FlavorCase) -> list[str]:
        """The files and folders of the saved model that the flavor's conf names."""
        from modelpack.schema.mlmodel import MLmodel

        path = self.saved(case)
        conf = MLmodel.load(path).flavor_conf(self.flavor_name)
        return [text for text in dict.fromkeys(texts(conf)) if text and (path / text).exists() and text != "."]

    def artifacts(self, case: FlavorCase) -> list[str]:
        """The files that the flavor wrote, relative to the model directory."""
        path = self.saved(case)
        files = (file.relative_to(path).as_posix() for file in sorted(path.rglob("*")) if file.is_file())
        return [file for file in files if file not in WRITTEN_BY_CORE and not file.startswith("code/")]

    def fresh_reports(self, case: FlavorCase) -> list[Report]:
        """What loading gave in a fresh interpreter of a user who trusts nothing else: here, and moved elsewhere."""
        return self._once("fresh", case.name, lambda: self._load_afresh(case))

    def plugin_report(self) -> dict[str, Any]:
        """What importing the plugin imports, and what loading says where the library is not installed."""
        return self._once("plugin report", "", self._examine_plugin)

    def elsewhere(self, case: FlavorCase) -> Path:
        """A read-only copy of the saved model under a name with spaces and letters of several scripts."""
        return self._once("elsewhere", case.name, lambda: self._copy_elsewhere(case))

    def damage_report(self, case: FlavorCase) -> dict[Damage, tuple[str, Any]]:
        """What loading damaged copies of the saved model gave: `refused`, `raised` or `loaded`, and what."""
        copies = self._damaged_copies(case)
        with suppress(InterpreterError):  # one of the cases killed it; each gets an interpreter of its own
            together = self._once("damage", "", lambda: self._load_damaged(self._damaged_cases()))
            return dict(zip(copies, together[case.name], strict=True))
        alone = self._once("damage", case.name, lambda: self._load_damaged([case]))
        return dict(zip(copies, alone[case.name], strict=True))

    def copy(self, case: FlavorCase, edit: Callable[[dict[str, Any]], None]) -> Path:
        """A copy of the saved model whose `MLmodel` was changed."""
        return rewritten(self.saved(case), self.new_directory("copy") / "model", edit)

    def in_fresh_interpreter(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run a function in another interpreter and an empty directory, as a user whose trust store is empty."""
        with self._directory("stranger") as home, self._directory("cwd") as here:
            environment = {"MODELPACK_HOME": str(home)}
            answer: T = run_python(function, *arguments, environment=environment, directory=here)
        return answer

    def new_directory(self, name: str) -> Path:
        """An empty directory that nothing else uses."""
        number = len(list(self.root.iterdir()))
        path = self.root / f"{number}-{name}"
        path.mkdir()
        return path

    @contextmanager
    def _directory(self, name: str) -> Iterator[Path]:
        path = self.new_directory(name)
        yield path
        shutil.rmtree(path, ignore_errors=True)

    def _once(self, what: str, name: str, make: Callable[[], T]) -> T:
        return self._keep((what, name), make)

    def working_directory(self, case: FlavorCase) -> Path:
        """Where saves are called from."""
        path = self.root / f"cwd-{case.name}"
        path.mkdir(exist_ok=True)
        return path

    def models_directory(self, case: FlavorCase) -> Path:
        """The parent of what `saved` answers."""
        path = self.root / f"models-{case.name}"
        path.mkdir(exist_ok=True)
        return path

    def _copy_elsewhere(self, case: FlavorCase) -> Path:
        place = self.new_directory("moved") / ELSEWHERE / "model"
        shutil.copytree(self.saved(case), place)
        for path in sorted(place.rglob("*"), reverse=True):
            path.chmod(0o555 if path.is_dir() else 0o444)
        place.chmod(0o555)
        return place

    def _examine_plugin(self) -> dict[str, Any]:
        try:
            path = str(self.saved(self._cases[0]))
        except Exception:  # noqa: BLE001 - told by test_saves_a_valid_model
            path = None
        return self.in_fresh_interpreter(probes.examine_plugin, self.flavor_name, self.library, path)

    def _load_afresh(self, case: FlavorCase) -> list[Report]:
        trust = True if self.flavor.executes_code(self.conf(case)) else None
        places = [os.fspath(self.saved(case)), os.fspath(self.elsewhere(case))]
        task = Task(places=places, library=self.library, trust=trust, fork_safe=self.flavor.fork_safe)
        return self.in_fresh_interpreter(load_and_predict, task, case.predict, self.inputs(case))

    def _damaged_copies(self, case: FlavorCase) -> dict[Damage, Path]:
        return self._once("damages", case.name, lambda: self._damage(case))

    def _damage(self, case: FlavorCase) -> dict[Damage, Path]:
        model, named = self.saved(case), self.named_paths(case)
        copies = {each: self.new_directory("damaged") / "model" for each in Damage.of(self.artifacts(case), named)}
        for damage, copy in copies.items():
            damaged(model, copy, damage, self.flavor_name)
        return copies

    def _damaged_cases(self) -> list[FlavorCase]:
        """The cases that were saved."""
        found = []
        for case in self._cases:
            with suppress(Exception):  # told by test_saves_a_valid_model
                self.saved(case)
                found.append(case)
        return found

    def _load_damaged(self, cases: Sequence[FlavorCase]) -> dict[str, list[tuple[str, Any]]]:
        tasks = []
        for case in cases:
            places = list(map(os.fspath, self._damaged_copies(case).values()))
            tasks.append((places, pickled(case.predict, self.inputs(case))))
        reports = self.in_fresh_interpreter(probes.load_damaged, tasks)
        return {case.name: report for case, report in zip(cases, reports, strict=True)}

    def _save_first(self, case: FlavorCase) -> Path:
        """Save after everything has been predicted that is compared with the model later: a save may change it."""
        if case.other_params is not None:
            with suppress(Exception):  # told by test_params_reach_the_library
                self.expected_otherwise(case)
        return self.save(case, self.models_directory(case) / "model")
