"""The fact by which a flavor says what its library expects of the machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from site_packages import SitePackages

from modelpack.errors import PluginError
from modelpack.interfaces import Flavor
from modelpack.plugins.manager import PluginManager

Make = Callable[..., Flavor[Any, Any]]
Install = Callable[..., PluginManager]


def test_flavor_states_debian_packages(make_flavor: Make, install_flavors: Install) -> None:
    """None, unless it says which."""
    manager = install_flavors(make_flavor("plain"), make_flavor("needy", system_packages=("libgomp1",)))
    assert manager.flavor("plain").system_packages == ()
    assert manager.flavor("needy").system_packages == ("libgomp1",)


def test_single_text_is_refused(make_flavor: Make, install_flavors: Install) -> None:
    """A text in place of a tuple would be a package for each letter."""
    manager = install_flavors(make_flavor("needy", system_packages="libgomp1"))
    with pytest.raises(PluginError, match="'libgomp1', not a tuple of names of Debian packages"):
        manager.flavor("needy")


@pytest.mark.parametrize(
    ("lines", "expected"), [("", ()), ('system_packages = ("default-jre-headless",)', ("default-jre-headless",))]
)
def test_module_states_them_by_a_name(site: SitePackages, lines: str, expected: tuple[str, ...]) -> None:
    """A flavor that is a module has the fact as it has others."""
    hooks = ("modelpack_save_model", "modelpack_load_model", "modelpack_pyfunc_adapt")
    text = "from modelpack.hookspecs import hookimpl\nfrom toy_flavor import flavor\n" + "\n".join(
        f"@hookimpl\ndef {hook}(context):\n    return flavor" for hook in hooks
    )
    groups = {"modelpack.flavors": {"plainmodule": "plain_module"}}
    site.install_toy()
    site.install("modelpack-flavor-plainmodule", groups, files={"plain_module.py": f"{text}\n{lines}\n"})
    assert site.plugins().flavor("plainmodule").system_packages == expected
