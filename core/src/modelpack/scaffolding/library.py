"""The machine-learning library that a new flavor is for, as far as its names tell."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelpack.errors import InvalidArgumentError

if TYPE_CHECKING:
    from packaging.requirements import Requirement

_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Library:
    """A library.

    Attributes:
        module: The module whose classes' objects are the flavor's models.
        distribution: What `pip install` calls the library.
        requirement: The same with the versions that the flavor needs.
        model_class: The class of its models, with its module; None when it was not named.
    """

    module: str
    distribution: str
    requirement: str
    model_class: str | None = None

    @property
    def top(self) -> str:
        """The top-level package."""
        return self.module.partition(".")[0]


def named_library(module: str | None, model_class: str | None, distribution: str | None) -> Library | None:
    """The library that the arguments name; None when they name none.

    Nothing is imported: which distribution brings a module is looked up in the metadata of what is installed.

    Raises:
        InvalidArgumentError: A name is malformed, or they do not fit together.
    """
    if module is None and model_class is None:
        if distribution is not None:
            raise InvalidArgumentError(
                f"the distribution {distribution} was named, and no library", hint="name its module with --library"
            )
        return None
    if model_class is not None:
        _check("class", model_class)
        if "." not in model_class:
            raise InvalidArgumentError(
                f"the class {model_class!r} has no module", hint=f"give it with its module, such as acme.{model_class}"
            )
    chosen = _check("library", module or str(model_class).partition(".")[0])
    if model_class is not None and not model_class.startswith(f"{chosen}."):
        raise InvalidArgumentError(f"the class {model_class} is not of the library {chosen}")
    found = _requirement(distribution) if distribution else None
    name = found.name if found else _distribution_of(chosen)
    return Library(chosen, name, str(found or name), model_class)


def _check(what: str, name: str) -> str:
    import keyword

    if not _MODULE.fullmatch(name) or any(map(keyword.iskeyword, name.split("."))):
        raise InvalidArgumentError(f"{name!r} cannot be the name of a {what} in Python")
    if name.partition(".")[0] == "modelpack":
        raise InvalidArgumentError(f"{name!r} is a part of modelpack, not a machine-learning library")
    return name


def _requirement(text: str) -> Requirement:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        raise InvalidArgumentError(
            f"{text!r} is no distribution: {str(error).splitlines()[0]}",
            hint="give a name, with versions where you know them, such as 'acme>=1.2'",
        ) from error
    if requirement.url or requirement.marker:
        raise InvalidArgumentError(f"{text!r} has an address or a condition", hint="give a name and versions")
    return requirement


def _distribution_of(module: str) -> str:
    from importlib.metadata import packages_distributions

    top = module.partition(".")[0]
    known = sorted(set(packages_distributions().get(top, ())))
    return known[0] if len(known) == 1 else top.replace("_", "-")
