from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import Field, SecretStr, field_validator

from modelpack.errors import InvalidArgumentError
from modelpack.interfaces import PluginOptions
from modelpack.plugins.options import validated_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from toy_flavor import ToyFlavor

    from modelpack.interfaces import Flavor


class ManyOptions(PluginOptions):
    """Options of every sort."""

    region: str
    replicas: int = Field(default=1, ge=1)
    token: SecretStr = SecretStr("")
    password: str = Field(default="", repr=False, min_length=3, validate_default=False)
    tags: dict[str, int] = Field(default_factory=dict)
    name: str = "x"

    @field_validator("name")
    @classmethod
    def _no_blanks(cls, value: str) -> str:
        if " " in value:
            raise ValueError("it must hold no blanks")
        return value


@pytest.fixture
def flavor(make_flavor: Callable[..., Flavor[Any, Any]]) -> Flavor[Any, Any]:
    """A flavor with options of every sort."""
    return make_flavor("many", options_type=ManyOptions)


def test_options_become_the_plugins_own_type(toy_flavor: ToyFlavor) -> None:
    """What was not given has its default."""
    options = validated_options(toy_flavor, {"digits": 3})
    assert options == toy_flavor.options_type(digits=3, suffix="json")


def test_an_unknown_option_names_the_nearest(toy_flavor: ToyFlavor) -> None:
    """A typing error in a keyword argument is found, with all options in the hint."""
    with pytest.raises(InvalidArgumentError) as caught:
        validated_options(toy_flavor, {"digit": 3})
    assert caught.value.message == (
        "the options do not fit the flavor 'toy': there is no option 'digit'; did you mean 'digits'?"
    )
    assert caught.value.hint == "options of the flavor 'toy': digits, suffix"


def test_an_unknown_option_like_no_other_suggests_nothing(toy_flavor: ToyFlavor) -> None:
    """No suggestion is better than a wrong one."""
    with pytest.raises(InvalidArgumentError, match="there is no option 'quality'") as caught:
        validated_options(toy_flavor, {"quality": 3})
    assert "did you mean" not in str(caught.value)


def test_a_wrong_value_is_shown_with_what_is_expected(toy_flavor: ToyFlavor) -> None:
    """Option, value and expectation are all in the message."""
    with pytest.raises(InvalidArgumentError, match="the option 'suffix' is 'yaml'; expected 'json' or 'toy'"):
        validated_options(toy_flavor, {"suffix": "yaml"})


def test_all_problems_are_told_at_once(toy_flavor: ToyFlavor) -> None:
    """One run finds every mistake."""
    with pytest.raises(
        InvalidArgumentError, match=r"'digits' is 'many'; expected .* integer.*; there is no option 'a'"
    ):
        validated_options(toy_flavor, {"digits": "many", "a": 1})


def test_a_missing_option_is_named(flavor: Flavor[Any, Any]) -> None:
    """An option without a default has to be given."""
    with pytest.raises(InvalidArgumentError, match="the option 'region' is required"):
        validated_options(flavor, {})


def test_a_value_inside_an_option_is_located(flavor: Flavor[Any, Any]) -> None:
    """The message says where in a mapping the value stands."""
    with pytest.raises(InvalidArgumentError, match=r"the option 'tags\.team' is 'x'; expected a valid integer"):
        validated_options(flavor, {"region": "r", "tags": {"team": "x"}})


def test_a_plugins_own_check_speaks_for_itself(flavor: Flavor[Any, Any]) -> None:
    """The text of a validator follows the value."""
    with pytest.raises(InvalidArgumentError, match="the option 'name' is 'a b': it must hold no blanks"):
        validated_options(flavor, {"region": "r", "name": "a b"})


@pytest.mark.parametrize("options", [{"token": 12345}, {"password": "pw"}], ids=["by type", "by repr=False"])
def test_secrets_are_not_shown(flavor: Flavor[Any, Any], options: dict[str, Any]) -> None:
    """A secret of the wrong form appears neither in the message nor in the traceback."""
    with pytest.raises(InvalidArgumentError, match="a value that is not shown") as caught:
        validated_options(flavor, {"region": "r", **options})
    assert "12345" not in str(caught.value)
    assert "'pw'" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_long_value_is_shortened(toy_flavor: ToyFlavor) -> None:
    """A whole data set given by mistake does not fill the screen."""
    with pytest.raises(InvalidArgumentError) as caught:
        validated_options(toy_flavor, {"digits": list(range(100_000))})
    assert len(str(caught.value)) < 300
