"""What whoever builds an image can choose of its contents."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from modelpack.errors import InvalidArgumentError

if TYPE_CHECKING:
    from modelpack.package.trust import Trust

ROOT = "0:0"
_USER = re.compile(r"\d{1,10}(:\d{1,10})?")
_PYTHON = re.compile(r"3\.\d{1,2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageOptions:
    """What is in the image of a model, beyond what the model says.

    Attributes:
        flavor: Whose view of the model is served; None for the generic one.
        trust: What may run code when it is loaded, as for `load_model`: an image carries trust only for a model that
            whoever builds it trusts.
        with_model: Whether the model is copied into the image; else it is mounted.
        python: The version of Python, such as `3.12`; None for the one that the model was saved with.
        extra_requirements: Requirement lines beyond the model's, or in place of those of the same distribution;
            paths of wheels, too.
        without_requirements: Distributions that the model names and the image does without.
        user: `uid` or `uid:gid` that the server runs as, or `root`.
    """

    flavor: str | None = None
    trust: Trust | None = None
    with_model: bool = True
    python: str | None = None
    extra_requirements: tuple[str, ...] = ()
    without_requirements: tuple[str, ...] = ()
    user: str = "10001:10001"

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            InvalidArgumentError: The user or the version of Python has another form.
        """
        if self.user != "root" and _USER.fullmatch(self.user) is None:
            raise InvalidArgumentError(
                f"the user {self.user!r} is neither `root` nor a number",
                hint="give uid or uid:gid, such as 10001:10001; the base image need not know them",
            )
        if self.python is not None and _PYTHON.fullmatch(self.python) is None:
            raise InvalidArgumentError(f"{self.python!r} is no version of Python", hint="give it as 3.12")

    @property
    def owner(self) -> str:
        """The user as numbers."""
        return ROOT if self.user == "root" else self.user

    def leaves_out(self, name: str) -> bool:
        """Whether the image does without a distribution, given by its canonical name."""
        return name in {canonicalize_name(each) for each in self.without_requirements}
