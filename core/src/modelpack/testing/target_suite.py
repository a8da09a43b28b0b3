"""The frame of the conformance tests of a target: what it declares, and how the checks get at it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from modelpack.testing.skips import needed
from modelpack.testing.target_bench import Bench
from modelpack.testing.target_models import FAILURE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

_BENCH = pytest.StashKey[Bench]()

Check = Callable[..., None]

VALID = "test_target_is_valid"
PLAN = "test_plan_of_a_create"
CREATE = "test_create_is_ready"
ANSWER = "test_answers_as_the_model"
REPLAN = "test_replan_is_empty"
UPDATE = "test_update_serves_the_new_model"
CLEAN_UPDATE = "test_update_leaves_nothing_behind"
CHANGED_OPTION = "test_changed_option_is_an_update"
FAILED = "test_failures_have_a_code"
LIST = "test_list_shows_what_stands"
DELETE = "test_delete_removes_everything"
INTERRUPTED_CREATE = "test_interrupted_create_goes_on"
INTERRUPTED_UPDATE = "test_interrupted_update_goes_on"


def shared(check: Check) -> Check:
    """A check that others build on: it runs once for the class, and keeps its outcome."""

    @functools.wraps(check)
    def run(self: TargetSuite, bench: Bench) -> None:
        bench.once(check.__name__, lambda: check(self, bench))

    return run


class TargetSuite:
    """What a target declares.

    A test class makes one place, by `options`, and all its checks deploy there, each under names of its own, which it
    removes again. What has to run for that (an engine, a simulator) is a fixture of the class or of a wider scope.

    Attributes:
        target: The target's name.
        distribution: The distribution of the plugin.
        library: The module as which the platform's library is imported; None when there is none.
        invokes: Whether deployments answer invocations.
        has_logs: Whether deployments have logs.
        divides_traffic: Whether deployments have variants that share the traffic; then `add_variant` is needed.
        exports: Whether there are documents to export.
        runs_batch_jobs: Whether there are batch jobs; then `batch_data` and `predictions` are needed.
        runs_locally: Whether the target serves a model on this machine.
        serves_throughout: Whether requests are answered while a deployment is updated.
        has_other_processes: Whether another process with the same environment variables reaches the same place.
        more_than_a_page: How many deployments the platform's list does not answer at once.
        patience: How many seconds one deployment may take.
        failure: What the platform says in `failing_update`; by default the words of a model that cannot be loaded.
        refused_names: Names that a deployment could have, and not at this platform.
        secret_options: Options that hold secrets, with values that the platform takes.
        secrets: Other secrets that the platform needs, such as credentials in the environment.
        unjudged_loggers: Loggers of libraries that tell secrets at level DEBUG, where the plugin cannot prevent it.
        model_arguments: What else the kit shall give to `save_model` for its models, such as `pip_requirements`.
    """

    target: ClassVar[str]
    distribution: ClassVar[str]
    library: ClassVar[str | None] = None
    invokes: ClassVar[bool] = True
    has_logs: ClassVar[bool] = False
    divides_traffic: ClassVar[bool] = False
    exports: ClassVar[bool] = False
    runs_batch_jobs: ClassVar[bool] = False
    runs_locally: ClassVar[bool] = False
    serves_throughout: ClassVar[bool] = True
    has_other_processes: ClassVar[bool] = True
    more_than_a_page: ClassVar[int] = 3
    patience: ClassVar[float] = 60.0
    failure: ClassVar[str] = FAILURE
    refused_names: ClassVar[tuple[str, ...]] = ()
    secret_options: ClassVar[Mapping[str, Any]] = {}
    secrets: ClassVar[tuple[str, ...]] = ()
    unjudged_loggers: ClassVar[tuple[str, ...]] = ()
    model_arguments: ClassVar[Mapping[str, Any]] = {}

    def options(self, scratch: Path) -> Mapping[str, Any]:  # noqa: ARG002 - for overriding
        """Options that lead to a place where these tests may deploy; called once for the class.

        Args:
            scratch: An empty directory that lasts as long as the class.
        """
        raise self._missing("options", "the options with which these tests reach a place to deploy to")

    def footprint(self, options: Mapping[str, Any]) -> Collection[str]:  # noqa: ARG002 - for overriding
        """Everything that stands at the place, ours and others', by name, such as `container/churn`.

        The harness asks the platform itself, not the target. A name tells what would be left behind (images, volumes,
        configurations, files), and holds nothing that changes without being touched.
        """
        raise self._missing("footprint", "everything that stands at the place, by name, without asking the target")

    def foreign(self, options: Mapping[str, Any]) -> AbstractContextManager[str]:  # noqa: ARG002 - for overriding
        """Put something there that modelpack did not make, and take it away afterwards.

        Returns:
            A context manager (write it as a generator, with `@contextmanager`) that gives the name under which a
            deployment would stand in its place.
        """
        raise self._missing("foreign", "something at the place that modelpack did not make")

    def failing_update(self, options: Mapping[str, Any]) -> AbstractContextManager[None]:  # noqa: ARG002 - for overriding
        """Let deployments fail at the platform while it lasts, with `failure` among the platform's words.

        The model that the kit deploys meanwhile cannot be loaded. Where the platform notices that, there is nothing to
        do here.
        """
        return nullcontext()

    def changed_options(self, options: Mapping[str, Any]) -> Mapping[str, Any] | None:  # noqa: ARG002 - for overriding
        """The same place with an option changed that changes what stands; None when there is no such option."""
        return None

    def observed(self, options: Mapping[str, Any], name: str) -> Mapping[str, Any]:  # noqa: ARG002 - for overriding
        """The settings that the platform itself holds for a deployment, as far as the options decide them."""
        return {}

    def changes(self, options: Mapping[str, Any]) -> int | None:  # noqa: ARG002 - for overriding
        """How many requests to change something the platform has received so far; None when that cannot be told."""
        return None

    def add_variant(self, options: Mapping[str, Any], name: str) -> Mapping[str, float]:  # noqa: ARG002 - for overriding
        """Give a deployment a second variant, and answer how its traffic shall be divided."""
        raise self._missing("add_variant", "a deployment with a second variant, since divides_traffic is set")

    def batch_data(self, options: Mapping[str, Any], rows: bytes) -> tuple[str, str]:  # noqa: ARG002 - for overriding
        """Put a CSV file with a header at the platform, and answer where it is and where predictions may go."""
        raise self._missing("batch_data", "where the data of a batch job are, since runs_batch_jobs is set")

    def predictions(self, options: Mapping[str, Any], output: str) -> bytes:  # noqa: ARG002 - for overriding
        """The one file that a batch job has written where `batch_data` let it."""
        raise self._missing("predictions", "what a batch job has written, since runs_batch_jobs is set")

    def needs(self, bench: Bench, *checks: str) -> None:
        """Skip a check that says nothing new where one of these shared checks fails."""
        for check in checks:
            needed(functools.partial(getattr(self, check), bench), check)

    @pytest.fixture
    def bench(
        self,
        request: pytest.FixtureRequest,
        tmp_path_factory: pytest.TempPathFactory,
        monkeypatch: pytest.MonkeyPatch,
    ) -> Iterator[Bench]:
        """What the checks of this class share, in a working directory and with a trust store of their own."""
        for fact in ("target", "distribution"):
            if not hasattr(self, fact):
                raise self._missing(fact, f"the {fact} that is tested")
        kind = request.node.getparent(pytest.Class)
        if _BENCH not in kind.stash:
            kind.stash[_BENCH] = Bench(tmp_path_factory.mktemp("conformance"))
            kind.addfinalizer(kind.stash[_BENCH].close)
        bench: Bench = kind.stash[_BENCH]
        monkeypatch.setenv("MODELPACK_HOME", str(bench.home))
        monkeypatch.delenv("MODELPACK_TRUST", raising=False)
        monkeypatch.chdir(bench.working_directory)
        with bench.used_by(self):
            yield bench

    def _missing(self, name: str, what: str) -> NotImplementedError:
        return NotImplementedError(f"{type(self).__qualname__} does not say `{name}`: {what}")
