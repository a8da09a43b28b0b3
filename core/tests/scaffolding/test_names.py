"""Which names a new plugin may have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modelpack.errors import AlreadyExistsError, InvalidArgumentError
from modelpack.plugins.manager import PluginManager
from modelpack.scaffolding.names import checked_name

if TYPE_CHECKING:
    from site_packages import SitePackages

EMPTY = PluginManager(entry_points=lambda _: ())


def test_the_other_names_follow_from_the_name() -> None:
    """A flavor's distribution and package are named by the rule that error messages rely on."""
    name = checked_name("flavor", "my_lib2", EMPTY)
    assert (name.distribution, name.package, name.title) == (
        "modelpack-flavor-my-lib2",
        "modelpack_flavor_my_lib2",
        "MyLib2",
    )
    assert checked_name("target", "my_cloud", EMPTY).distribution == "modelpack-deploy-my-cloud"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("My-Lib", "my_lib"),
        ("my.lib", "my_lib"),
        ("my__lib", "my_lib"),
        ("_lib", "lib"),
        ("modelpack-flavor-acme", "acme"),
        ("modelpack_flavor_acme", "acme"),
        ("modelpack-acme", "acme"),
    ],
)
def test_a_name_of_another_form_is_refused_with_the_one_that_was_meant(name: str, meant: str) -> None:
    """The error suggests a name that is accepted."""
    with pytest.raises(InvalidArgumentError) as raised:
        checked_name("flavor", name, EMPTY)
    assert name in raised.value.message
    assert raised.value.hint == f"did you mean {meant!r}?"
    assert checked_name("flavor", meant, EMPTY).name == meant


@pytest.mark.parametrize("name", ["", "1lib", "../lib", "lib/x", "größe", "a b\n", "x" * 51, "modelpack", "-", "$name"])
def test_a_name_that_nothing_can_have_is_refused(name: str) -> None:
    """No path, no other alphabet, nothing that begins with a digit."""
    with pytest.raises(InvalidArgumentError):
        checked_name("flavor", name, EMPTY)


def test_a_keyword_is_refused() -> None:
    """It could not be imported."""
    with pytest.raises(InvalidArgumentError, match="keyword"):
        checked_name("flavor", "class", EMPTY)


def test_the_name_of_an_installed_plugin_is_refused(site: SitePackages) -> None:
    """Of two plugins with one name none would be used; a target may be called as a flavor is."""
    site.install_toy()
    with pytest.raises(AlreadyExistsError, match=r"by modelpack-flavor-toy 1\.2\.3"):
        checked_name("flavor", "toy", site.plugins())
    assert checked_name("target", "toy", site.plugins()).name == "toy"


def test_the_name_of_an_installed_distribution_is_refused(site: SitePackages) -> None:
    """Installing the new package would replace it, whatever it has inside."""
    site.install("modelpack-deploy-acme", {})
    with pytest.raises(AlreadyExistsError, match=r"modelpack-deploy-acme 1\.0 is installed"):
        checked_name("target", "acme", site.plugins())
