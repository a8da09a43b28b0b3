"""Where the checks of one test class deploy, and what they share there."""

from __future__ import annotations

import json
import secrets
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelpack.testing import target_models
from modelpack.testing.interpreter import run_python
from modelpack.testing.once import Once
from modelpack.testing.warm_programs import WarmPrograms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from modelpack.deployments.records import BatchJob, Deployment, InvocationAnswer, Plan
    from modelpack.interfaces import Target
    from modelpack.plugins.manager import PluginManager
    from modelpack.testing.target_suite import TargetSuite

JSON = "application/json"
BODY = json.dumps({"dataframe_split": {"columns": ["x"], "data": [[row] for row in target_models.ROWS]}}).encode()


@dataclass(frozen=True, slots=True)
class Saved:
    """One of the kit's models, saved.

    Attributes:
        path: The model directory.
        digest: Its digest.
        answers: What it predicts for the kit's rows.
    """

    path: Path
    digest: str
    answers: list[float]


class Bench:
    """A place, with the models to deploy there and one deployment that stands for all checks that only look.

    Attributes:
        suite: The test class, as the running check knows it.
        root: Where the kit keeps its files.
        home: The home of modelpack, with a trust store of its own.
        working_directory: Where deployments are called from.
        once: What the checks share.
    """

    suite: TargetSuite

    def __init__(self, root: Path) -> None:
        """Work in the directory `root`."""
        self.root = root
        self.home = self._directory("modelpack-home")
        self.working_directory = self._directory("cwd")
        self.once = Once()
        self._token = secrets.token_hex(3)
        self._standing = f"kit-{self._token}-standing"
        self._names: list[str] = []
        self._programs: WarmPrograms | None = None

    @contextmanager
    def used_by(self, suite: TargetSuite) -> Iterator[None]:
        """Let a check work here, and remove afterwards what it deployed."""
        self.suite = suite
        kept = len(self._names)
        try:
            yield
        finally:
            self._remove(self._names[kept:])

    def close(self) -> None:
        """Remove what stands for all checks."""
        import pytest

        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MODELPACK_HOME", str(self.home))
            self._remove([self._standing])
        if self._programs is not None:
            self._programs.close()

    @property
    def manager(self) -> PluginManager:
        """A plugin manager of the environment as it is."""
        from modelpack.plugins.manager import PluginManager

        return self.once("manager", PluginManager)

    @property
    def target(self) -> Target[Any]:
        """The target."""
        return self.once("target", lambda: self.manager.target(self.suite.target))

    @property
    def options(self) -> dict[str, Any]:
        """The options that lead to the place."""
        return dict(self.once("options", lambda: self.suite.options(self._directory("scratch"))))

    def footprint(self) -> Counter[str]:
        """What stands at the place."""
        return Counter(self.suite.footprint(self.options))

    def name(self) -> str:
        """A name that nothing else has; what is deployed under it is removed after the check."""
        self._names.append(f"kit-{self._token}-{len(self._names)}")
        return self._names[-1]

    def known(self, name: str) -> str:
        """A name that is given; what is deployed under it is removed after the check."""
        self._names.append(name)
        return name

    def model(self, kind: str) -> Saved:
        """One of the kit's models: `first`, `second`, or `broken`, which cannot be loaded."""
        return self.once(("model", kind), lambda: self._saved(kind))

    def standing(self) -> Deployment:
        """A deployment of the first model that no check changes."""
        return self.once("standing", lambda: self.deploy(self._standing))

    def deploy(
        self, name: str, model: str = "first", *, options: Mapping[str, Any] | None = None, **arguments: Any
    ) -> Deployment:
        """Deploy a model of the kit as a user would."""
        import modelpack

        path = arguments.pop("path", None) or self.model(model).path
        limits = {"timeout": self.suite.patience, "plugins": self.manager}
        return modelpack.deploy(path, name=name, **self._place(options), **{**limits, **arguments})

    def plan(self, name: str, model: str = "first", options: Mapping[str, Any] | None = None) -> Plan:
        """What deploying would do."""
        from modelpack.deployments.applying import plan

        return plan(self.model(model).path, name=name, plugins=self.manager, **self._place(options))

    def get(self, name: str) -> Deployment:
        """What stands under a name."""
        found: Deployment = self._verb("get")(name)
        return found

    def listed(self) -> dict[str, Deployment]:
        """What modelpack deployed here, by name."""
        return {each.name: each for each in self._verb("list_deployments")()}

    def delete(self, name: str) -> None:
        """Delete a deployment, and wait until it is gone."""
        self._verb("delete")(name, timeout=self.suite.patience)

    def invoke(
        self, name: str, body: bytes = BODY, content_type: str = JSON, accept: str | None = None
    ) -> InvocationAnswer:
        """Send one request."""
        answer: InvocationAnswer = self._verb("invoke")(name, body, content_type=content_type, accept=accept)
        return answer

    def logs(self, name: str, lines: int, *, follow: bool = False) -> Iterator[str]:
        """The log of a deployment."""
        found: Iterator[str] = self._verb("logs")(name, lines=lines, follow=follow)
        return found

    def set_traffic(self, name: str, traffic: Mapping[str, float]) -> Deployment:
        """Divide the traffic of a deployment."""
        deployment: Deployment = self._verb("set_traffic")(name, traffic)
        return deployment

    def export(self, name: str, options: Mapping[str, Any] | None = None) -> dict[str, str]:
        """What deploying the first model would ask for, as documents."""
        documents: dict[str, str] = self._verb("export", options)(self.model("first").path, name=name)
        return documents

    def submit_batch(self, name: str, input: str, output: str, **arguments: Any) -> BatchJob:  # noqa: A002 - as in the verb
        """Let the platform score data with the first model."""
        from modelpack.deployments.batch_jobs import submit_batch

        limits = {"timeout": self.suite.patience, "plugins": self.manager, **self._place(None), **arguments}
        return submit_batch(self.model("first").path, name=name, input=input, output=output, **limits)

    def get_batch(self, name: str) -> BatchJob:
        """How far a batch job is."""
        from modelpack.deployments.batch_jobs import get_batch

        return get_batch(name, plugins=self.manager, **self._place(None))

    def answers(self, name: str) -> list[float]:
        """What a deployment predicts for the kit's rows."""
        return numbers(json.loads(self.invoke(name).body))

    def elsewhere(self, function: Callable[..., Any], *arguments: Any, timeout: float = 240) -> Any:
        """Call a function in another process, where the platform's library is imported and nothing was done with it.

        Raises:
            InterpreterError: The function raised, the process died, or it took too long.
        """
        if self._programs is None:
            plugin = self.suite.distribution.replace("-", "_")
            modules = [self.suite.library, f"{plugin}.*", "modelpack.deployments.*", "modelpack.package.*"]
            self._programs = WarmPrograms(filter(None, modules))
        return run_python(function, *arguments, timeout=timeout, programs=self._programs)

    def _verb(self, verb: str, options: Mapping[str, Any] | None = None) -> Callable[..., Any]:
        from functools import partial

        from modelpack.deployments import verbs

        return partial(getattr(verbs, verb), plugins=self.manager, **self._place(options))

    def _place(self, options: Mapping[str, Any] | None) -> dict[str, Any]:
        return {"target": self.suite.target, "options": self.options if options is None else dict(options)}

    def _saved(self, kind: str) -> Saved:
        path = self.root / f"model-{kind}"
        digest = target_models.save_model(path, kind, self.suite.model_arguments)
        added = target_models.NUMBERS.get(kind, 0.0)
        return Saved(path, digest, [row + added for row in target_models.ROWS])

    def new_directory(self, name: str) -> Path:
        """An empty directory that nothing else uses."""
        return self._directory(f"{len(list(self.root.iterdir()))}-{name}")

    def _directory(self, name: str) -> Path:
        path = self.root / name
        path.mkdir()
        return path

    def _remove(self, names: list[str]) -> None:
        for name in names:
            with suppress(Exception):  # told by the checks of deleting
                if self.get(name).state != "absent":
                    self.delete(name)


def numbers(document: Any) -> list[float]:
    """The numbers in a document, in their order, whatever its form."""
    if isinstance(document, dict):
        return [number for value in document.values() for number in numbers(value)]
    if isinstance(document, list):
        return [number for value in document for number in numbers(value)]
    return [float(document)] if isinstance(document, (int, float)) else []
