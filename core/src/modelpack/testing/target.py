"""The conformance tests of a target, to be inherited."""

from __future__ import annotations

from modelpack.testing.target_plugin_checks import TargetPluginChecks


class TargetTests(
    TargetPluginChecks,
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
