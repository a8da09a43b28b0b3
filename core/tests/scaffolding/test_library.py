"""How the library of a new flavor is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modelpack.errors import InvalidArgumentError
from modelpack.scaffolding.library import Library, named_library

if TYPE_CHECKING:
    from site_packages import SitePackages


def test_no_name_is_no_library() -> None:
    """The flavor then comes with a small one."""
    assert named_library(None, None, None) is None


def test_a_class_names_its_library() -> None:
    """The top-level package of the class."""
    assert named_library(None, "acme_ml.tree.Forest", None) == Library(
        "acme_ml", "acme-ml", "acme-ml", "acme_ml.tree.Forest"
    )


def test_the_distribution_of_an_installed_module_is_found() -> None:
    """`yaml` comes with PyYAML."""
    library = named_library("yaml", None, None)
    assert library is not None
    assert library.distribution.lower() == "pyyaml"


def test_a_distribution_may_come_with_versions() -> None:
    """The name is pinned in models, the versions stand in the package's dependencies."""
    library = named_library("acme.trees", None, "Acme-ML[fast] >=1.2,<3")
    assert library is not None
    assert (library.module, library.top, library.distribution) == ("acme.trees", "acme", "Acme-ML")
    assert library.requirement == "Acme-ML[fast]<3,>=1.2"


@pytest.mark.parametrize(
    ("module", "model_class", "distribution", "told"),
    [
        ("ac-me", None, None, "'ac-me' cannot be the name of a library"),
        ("acme.", None, None, "cannot be the name"),
        ("acme.class", None, None, "cannot be the name"),
        ("os; import sys", None, None, "cannot be the name"),
        ("modelpack.pyfunc", None, None, "a part of modelpack"),
        (None, "Forest", None, "has no module"),
        (None, "acme.2", None, "cannot be the name of a class"),
        ("acme", "other.Forest", None, "not of the library acme"),
        ("acme", None, "acme >", "is no distribution"),
        ("acme", None, 'acme; python_version > "3"', "a condition"),
        ("acme", None, "acme @ https://example.org/acme.whl", "an address"),
        (None, None, "acme", "no library"),
    ],
)
def test_what_names_no_library_is_refused(
    module: str | None, model_class: str | None, distribution: str | None, told: str
) -> None:
    """Names go into source code, so each is looked at."""
    with pytest.raises(InvalidArgumentError) as raised:
        named_library(module, model_class, distribution)
    assert told in raised.value.message


def test_nothing_is_imported(site: SitePackages) -> None:
    """The library need not be installed, nor work."""
    site.install("acme", {}, files={"acme/__init__.py": "raise OSError"})
    library = named_library("acme", None, None)
    assert library is not None
    assert library.distribution == "acme"
