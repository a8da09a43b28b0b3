"""Checks of what a target takes with `-o key=value`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from modelpack.errors import InvalidArgumentError
from modelpack.plugins.options import validated_options
from modelpack.testing.copies import texts
from modelpack.testing.skips import applicable
from modelpack.testing.target_suite import VALID, TargetSuite

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from modelpack.testing.target_bench import Bench

SECRET = re.compile(r"(^|_)(password|passphrase|secret|token|credentials?|api_?key|access_?key)($|_)")


class TargetOptionChecks(TargetSuite):
    """What the options are."""

    def test_options_are_described(self, bench: Bench) -> None:
        """Every option says what it is for; `modelpack deploy --target T --help-options` shows it.

        If this fails: declare the option as `Annotated[…, Field(description="…")]`.
        """
        silent = [name for name, field in self._fields(bench).items() if not field.description]
        assert not silent, f"options without a description: {', '.join(silent)}"

    def test_options_are_read_from_text(self, bench: Bench) -> None:
        """The command line gives options as text; they are read as the values that they stand for.

        If this fails: leave out `strict=True`, and validators that ask for a type.
        """
        self.needs(bench, VALID)
        given = {name: value for name, value in bench.options.items() if not isinstance(value, (dict, list, tuple))}
        others = {name: value for name, value in bench.options.items() if name not in given}
        read = validated_options(bench.target, {**{name: _as_text(value) for name, value in given.items()}, **others})
        assert read == validated_options(bench.target, bench.options)

    def test_unknown_option_is_refused(self, bench: Bench) -> None:
        """A misspelt option is an error that names the nearest, and nothing is deployed.

        If this fails: derive the options from `PluginOptions` and leave `extra="forbid"` as it is.
        """
        fields = self._fields(bench)
        applicable(bool(fields), "there are no options")
        meant = max(fields, key=len)
        misspelt = f"{meant[:-1]}{meant[-1] * 2}"
        before, name = bench.footprint(), bench.name()
        with pytest.raises(InvalidArgumentError) as raised:
            bench.deploy(name, options={**bench.options, misspelt: "1"})
        assert repr(misspelt) in raised.value.message
        assert repr(meant) in raised.value.message, f"the error does not suggest {meant!r}: {raised.value}"
        assert bench.footprint() == before

    def test_secret_options_are_secrets(self, bench: Bench) -> None:
        """An option that is called a password, a token or the like is a secret to pydantic too, which never shows it.

        If this fails: declare it as `pydantic.SecretStr`, and give it a value in `secret_options`.
        """
        named = {name: field for name, field in self._fields(bench).items() if SECRET.search(name)}
        shown = [name for name, field in named.items() if not is_secret(field)]
        assert not shown, f"options that sound secret and are not: {', '.join(shown)}"
        silent = {name for name, field in self._fields(bench).items() if is_secret(field)} - set(self.secret_options)
        assert not silent, f"secret_options has no value for {', '.join(sorted(silent))}"
        text = repr(validated_options(bench.target, {**bench.options, **self.secret_options}))
        for name, value in self.secret_options.items():
            assert not any(secret in text for secret in texts(value)), f"the value of {name} is shown"

    def _fields(self, bench: Bench) -> dict[str, FieldInfo]:
        self.needs(bench, VALID)
        fields: dict[str, FieldInfo] = bench.target.options_type.model_fields
        return {field.alias or name: field for name, field in fields.items()}


def is_secret(field: FieldInfo) -> bool:
    """Whether pydantic keeps the values of an option secret."""
    return "Secret" in str(field.annotation)


def _as_text(value: Any) -> str | None:
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)
