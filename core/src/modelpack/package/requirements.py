"""Requirement strings: what a model needs, as pip reads it, each checked before anything is written."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from modelpack.errors import InvalidArgumentError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

_INDEX_OPTIONS = frozenset({"-i", "--index-url", "--extra-index-url", "-f", "--find-links"})
_SWITCHES = frozenset({"--pre", "--prefer-binary", "--no-index", "--require-hashes"})
_FORMATS = frozenset({"--no-binary", "--only-binary"})
_CREDENTIALS = re.compile(r"//[^/@\s]*:[^/@\s]*@")
_HASH = re.compile(r"\s--hash[= ][a-z0-9]+:[0-9a-f]+")
_LETTER_AFTER_DIGIT = re.compile(r"(?<=[0-9*])[A-Za-z]")
_DEEPEST = 10


@dataclass(frozen=True, slots=True)
class RequirementLines:
    """Lines of a requirements file.

    Attributes:
        requirements: Requirements and index options, one line each, files named by `-r` included.
        constraints: The lines of the files named by `-c`.
    """

    requirements: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()

    def names(self) -> set[str]:
        """The canonical names of the distributions that are required."""
        return {canonicalize_name(parsed.name) for parsed in map(_parse, self.requirements) if parsed is not None}


def read_requirements(source: str | os.PathLike[str] | Iterable[str], *, argument: str) -> RequirementLines:
    """Read and check what a user gave as requirements.

    A line is a requirement (PEP 508, hashes allowed), `-r FILE`, `-c FILE`, or one of pip's index options
    (`--index-url`, `--extra-index-url`, `--find-links`, `--pre`, `--no-binary`, …) without a password.

    Args:
        source: The path of a requirements file, or the lines.
        argument: The name of the argument, for errors.

    Raises:
        InvalidArgumentError: A line cannot be read; the message shows it and, where two requirements were run together
            because a comma is missing between two string literals, the two (§1.14-8).
    """
    requirements: list[str] = []
    constraints: list[str] = []
    for line, is_constraint in _lines(source, argument):
        check_requirement(line, argument=argument)
        (constraints if is_constraint else requirements).append(line)
    return RequirementLines(tuple(dict.fromkeys(requirements)), tuple(dict.fromkeys(constraints)))


def check_requirement(line: str, *, argument: str) -> None:
    """Check one line as `read_requirements` does.

    Raises:
        InvalidArgumentError: It cannot be read.
    """
    if _CREDENTIALS.search(line):
        raise InvalidArgumentError(
            f"a line of {argument} holds a password, and everyone who gets the model could read it",
            hint="leave it out and configure the index where the model is installed",
        )
    if line.startswith("-"):
        _check_option(line, argument)
        return
    try:
        _parse(line)
    except InvalidRequirement as error:
        reason = str(error).partition("\n")[0]
        raise InvalidArgumentError(
            f"{argument} holds {line!r}, which is not a requirement: {reason}", hint=_advice(line)
        ) from error


def joined_by_mistake(text: str) -> tuple[str, str] | None:
    """The two requirements in a text where a missing comma has run two string literals together, if that is so."""
    for match in _LETTER_AFTER_DIGIT.finditer(text):
        first, second = text[: match.start()], text[match.start() :]
        if _is_requirement(first) and _is_requirement(second):
            return first, second
    return None


def _parse(line: str) -> Requirement | None:
    """The parsed requirement; None for an option."""
    return None if line.startswith("-") else Requirement(_HASH.sub("", line))


def _is_requirement(text: str) -> bool:
    try:
        return bool(Requirement(text).specifier)
    except InvalidRequirement:
        return False


def _advice(line: str) -> str:
    if pair := joined_by_mistake(line):
        return f"a comma seems to be missing between two strings: {pair[0]!r} and {pair[1]!r}"
    if "/" in line or "\\" in line or line.endswith((".whl", ".zip", ".tar.gz")):
        return "a local file is not there where the model is installed; give NAME @ URL, or put code in code_paths"
    return "write it as pip takes it, such as pandas==3.1.1 or numpy>=2,<3"


def _check_option(line: str, argument: str) -> None:
    name, _, value = line.partition("=") if line.startswith("--") and "=" in line else line.partition(" ")
    value = value.strip()
    needs_value = name in _INDEX_OPTIONS or name in _FORMATS
    if (needs_value and value and len(value.split()) == 1) or (name in _SWITCHES and not value):
        return
    if name in {"-e", "--editable"}:
        hint = "an editable install exists only here; put the code in code_paths"
    else:
        hint = f"allowed are -r, -c, {', '.join(sorted(_INDEX_OPTIONS | _SWITCHES | _FORMATS))}"
    raise InvalidArgumentError(f"{argument} holds {line!r}, which is not allowed in a model's requirements", hint=hint)


def _lines(source: str | os.PathLike[str] | Iterable[str], argument: str, depth: int = 0) -> Iterator[tuple[str, bool]]:
    """The cleaned lines, with whether each is a constraint; `-r` and `-c` are followed."""
    base, raw = _content(source, argument, depth)
    for line in _joined(raw, argument):
        option, _, value = line.replace("=", " ", 1).partition(" ") if line.startswith("--") else line.partition(" ")
        if option in {"-r", "--requirement"}:
            yield from _lines(base / _unquoted(value), argument, depth + 1)
        elif option in {"-c", "--constraint"}:
            yield from ((inner, True) for inner, _ in _lines(base / _unquoted(value), argument, depth + 1))
        else:
            yield line, False


def _unquoted(value: str) -> str:
    return "".join(shlex.split(value)[:1])


def _content(source: str | os.PathLike[str] | Iterable[str], argument: str, depth: int) -> tuple[Path, Iterable[str]]:
    if isinstance(source, Iterable) and not isinstance(source, (str, Path)):
        return Path(), source
    path = Path(source)
    if depth > _DEEPEST:
        raise InvalidArgumentError(f"{argument} names requirements files that name each other: {path}")
    try:
        return path.parent, path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidArgumentError(
            f"{argument} names the requirements file {str(path)!r}, which cannot be read: {error}",
            hint="give the path of a requirements file, or a list of requirements",
        ) from error


def _joined(raw: Iterable[str], argument: str) -> Iterator[str]:
    """Lines without comments, with those that a back-slash continues put together, as pip does it."""
    pending = ""
    for line in raw:
        if not isinstance(line, str):
            raise InvalidArgumentError(f"{argument} holds {line!r}, which is not a text but {type(line).__qualname__}")
        text = pending + line.rstrip()
        if text.endswith("\\") and not text.lstrip().startswith("#"):
            pending = text.removesuffix("\\")
            continue
        pending = ""
        if cleaned := re.sub(r"(^|\s)#.*", "", text).strip():
            yield cleaned
    if cleaned := pending.strip():
        yield cleaned
