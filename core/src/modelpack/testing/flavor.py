"""The conformance tests of a flavor, to be inherited."""

from __future__ import annotations

from modelpack.testing.conf_checks import ConfChecks
from modelpack.testing.damage_checks import DamageChecks
from modelpack.testing.input_checks import InputChecks
from modelpack.testing.loading_checks import LoadingChecks
from modelpack.testing.plugin_checks import PluginChecks
from modelpack.testing.predicting_checks import PredictingChecks
from modelpack.testing.saving_checks import SavingChecks
from modelpack.testing.serving_checks import ServingChecks


class FlavorTests(
    PluginChecks,
    SavingChecks,
    ConfChecks,
    LoadingChecks,
    DamageChecks,
    PredictingChecks,
    InputChecks,
    ServingChecks,
):
    """What every flavor has to do, as tests.

    Inherit it in a test module, declare the flavor, its cases and what it cannot do (see `Suite`), and run pytest. Each
    check's docstring ends with what to do if it fails. The plugin has to be installed, editable will do.

    Example:
        ```python
        from modelpack.testing import FlavorCase, FlavorTests

        class TestToy(FlavorTests):
            flavor = "toy"
            library = "toylib"
            distribution = "toylib"
            cases = (FlavorCase(name="linear", build=train, inputs=frame),)
        ```
    """
