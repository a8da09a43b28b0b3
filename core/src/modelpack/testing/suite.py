"""The frame of the conformance tests: what a flavor declares, and how the checks get at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from modelpack.testing.skips import needed
from modelpack.testing.workbench import Workbench

if TYPE_CHECKING:
    from modelpack.pyfunc import PyFuncModel
    from modelpack.testing.cases import FlavorCase, RecordedModel

PYFUNC = "test_pyfunc_predicts_as_the_library"
_WORKBENCH = pytest.StashKey[Workbench]()


class Suite:
    """What a flavor declares.

    Attributes:
        flavor: The flavor's name.
        cases: Models to save, and how to tell that they work.
        library: The module as which the flavor's library is imported; None when it has none.
        distribution: The distribution of the library, to be pinned among a model's requirements; None when it has none.
        wrong_models: Objects that the flavor must refuse.
        recorded_models: Models that real MLflow wrote, with what they predicted there.
        detects_models: Whether the plugin claims its library's models, so that `save_model` needs no `flavor=`.
        records_version: Whether the conf holds the library's version, compared when a model is loaded.
        supports_params: Whether predictions take params.
        deterministic: Whether the same rows always give the same predictions.
        thread_safe: Whether one model predicts in several threads at a time.
        knows_columns: Whether models keep the names of the columns that they were fitted to.
        saves_loaded_models: Whether what a load gives can be saved again.
    """

    flavor: ClassVar[str]
    cases: ClassVar[tuple[FlavorCase, ...]] = ()
    library: ClassVar[str | None] = None
    distribution: ClassVar[str | None] = None
    wrong_models: ClassVar[tuple[Any, ...]] = (object(), "a text", {"a": "mapping"}, 42)
    recorded_models: ClassVar[tuple[RecordedModel, ...]] = ()
    detects_models: ClassVar[bool] = True
    records_version: ClassVar[bool] = True
    supports_params: ClassVar[bool] = False
    deterministic: ClassVar[bool] = True
    thread_safe: ClassVar[bool] = True
    knows_columns: ClassVar[bool] = True
    saves_loaded_models: ClassVar[bool] = True

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run every check once for each case, or recorded model."""
        suite = type(self)
        for argument, values in (("case", suite.cases), ("recorded", suite.recorded_models)):
            if argument in metafunc.fixturenames:
                metafunc.parametrize(argument, values, ids=[value.name for value in values])

    @pytest.fixture
    def workbench(
        self,
        request: pytest.FixtureRequest,
        tmp_path_factory: pytest.TempPathFactory,
        monkeypatch: pytest.MonkeyPatch,
    ) -> Workbench:
        """What the checks of this class share, with a trust store of its own."""
        shared = request.node.getparent(pytest.Class).stash
        if _WORKBENCH not in shared:
            root = tmp_path_factory.mktemp("conformance")
            shared[_WORKBENCH] = Workbench(self.flavor, self.library, self.cases, root)
        workbench: Workbench = shared[_WORKBENCH]
        monkeypatch.setenv("MODELPACK_HOME", str(workbench.home))
        monkeypatch.delenv("MODELPACK_TRUST", raising=False)
        return workbench


def predicted_by(workbench: Workbench, case: FlavorCase) -> tuple[PyFuncModel, Any]:
    """The loaded model and its predictions, or a skip."""
    needed(lambda: workbench.saved(case), "test_saves_a_valid_model")
    model = needed(lambda: workbench.pyfunc(case), PYFUNC)
    predicted = needed(lambda: model.predict(workbench.inputs(case)), PYFUNC)
    return model, predicted
