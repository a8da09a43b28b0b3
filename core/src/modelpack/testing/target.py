"""The conformance tests of a target, to be inherited."""

from __future__ import annotations

from modelpack.testing.target_concurrency_checks import TargetConcurrencyChecks
from modelpack.testing.target_creating_checks import TargetCreatingChecks
from modelpack.testing.target_deleting_checks import TargetDeletingChecks
from modelpack.testing.target_failing_checks import TargetFailingChecks
from modelpack.testing.target_interruption_checks import TargetInterruptionChecks
from modelpack.testing.target_listing_checks import TargetListingChecks
from modelpack.testing.target_option_checks import TargetOptionChecks
from modelpack.testing.target_planning_checks import TargetPlanningChecks
from modelpack.testing.target_plugin_checks import TargetPluginChecks
from modelpack.testing.target_secret_checks import TargetSecretChecks
from modelpack.testing.target_updating_checks import TargetUpdatingChecks
from modelpack.testing.target_verb_checks import TargetVerbChecks


class TargetTests(
    TargetPluginChecks,
    TargetOptionChecks,
    TargetPlanningChecks,
    TargetCreatingChecks,
    TargetUpdatingChecks,
    TargetFailingChecks,
    TargetListingChecks,
    TargetDeletingChecks,
    TargetVerbChecks,
    TargetSecretChecks,
    TargetConcurrencyChecks,
    TargetInterruptionChecks,
):
    """What every target has to do, as tests.

    Inherit it in a test module, say where to deploy and what the target cannot do (see `TargetSuite`), and run pytest.
    Each check's docstring ends with what to do if it fails. The plugin has to be installed, editable will do.

    Example:
        ```python
        from modelpack.testing import TargetTests

        class TestShelf(TargetTests):
            target = "shelf"
            distribution = "modelpack-deploy-shelf"

            def options(self, scratch):
                return {"directory": scratch / "shelf"}

            def footprint(self, options):
                return [path.name for path in options["directory"].glob("*")]

            @contextmanager
            def foreign(self, options):
                path = options["directory"] / "theirs.zip"
                path.write_bytes(b"somebody else's")
                yield "theirs"
                path.unlink()
        ```
    """
