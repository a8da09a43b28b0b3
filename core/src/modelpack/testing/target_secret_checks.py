"""Checks that secrets stay secret."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from modelpack.errors import ModelpackError
from modelpack.testing.copies import texts
from modelpack.testing.skips import applicable
from modelpack.testing.target_suite import DELETE, UPDATE, TargetSuite

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pytest

    from modelpack.testing.target_bench import Bench


class TargetSecretChecks(TargetSuite):
    """Where secrets could be read."""

    def test_secrets_are_not_told(self, bench: Bench) -> None:
        """No secret stands in a plan, a deployment, a line of progress, an error, a log, a document, or a name.

        If this fails: leave secrets out of steps, details and messages; call `get_secret_value()` where the value is
        sent, and nowhere else.
        """
        options = self._options_with_secrets(bench)
        for what, text in self._told(bench, options):
            self._assert_clean(what, text)

    def test_secrets_are_not_logged(
        self, bench: Bench, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """No secret is logged, not even at level DEBUG, or printed.

        If this fails: log names of options, not their values. What a library logs of itself at level DEBUG is declared
        in `unjudged_loggers`.
        """
        options = self._options_with_secrets(bench)
        caplog.set_level(logging.DEBUG)
        for _ in self._told(bench, options):
            pass
        for record in caplog.records:
            if not record.name.startswith(self.unjudged_loggers):
                self._assert_clean(f"a line of the logger {record.name}", record.getMessage())
        output, errors = capfd.readouterr()
        self._assert_clean("the standard output", output)
        self._assert_clean("the standard error", errors)

    def _options_with_secrets(self, bench: Bench) -> dict[str, Any]:
        applicable(bool(self.secret_options or self.secrets), "there are no secrets")
        self.needs(bench, UPDATE, DELETE)
        return {**bench.options, **self.secret_options}

    def _told(self, bench: Bench, options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Deploy twice and fail once with the secrets, and give all that is told on the way."""
        name, lines = bench.name(), list[str]()
        yield "the plan", repr(bench.plan(name, options=options))
        yield "the deployment", repr(bench.deploy(name, options=options, progress=lines.append))
        yield "the plan of an update", repr(bench.plan(name, "second", options))
        with self.failing_update(bench.options):
            yield "an error", _error(bench, name, options)
        yield "the progress", "\n".join(lines)
        yield "the list", repr(bench.listed())
        yield "the names at the platform", "\n".join(bench.footprint())
        if self.exports:
            yield "the documents", "\n".join(bench.export(name, options).values())
        if self.has_logs:
            yield "the deployment's log", "\n".join(bench.logs(name, 1000))
        bench.delete(name)

    def _assert_clean(self, what: str, text: str) -> None:
        for secret in [*texts(self.secret_options), *self.secrets]:
            assert secret not in text, f"{what} tells a secret: {text.replace(secret, '[the secret]')}"


def _error(bench: Bench, name: str, options: Mapping[str, Any]) -> str:
    try:
        bench.deploy(name, "broken", options=options)
    except ModelpackError as error:
        return f"{error} {error!r} {error.__cause__!r}"
    return ""
