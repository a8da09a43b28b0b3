"""H2O's exceptions in words."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from modelpack.errors import MissingDependencyError, ModelFailureError, ModelpackError

if TYPE_CHECKING:
    from collections.abc import Iterator

JAVA = "H2O and MOJOs need Java 11 or newer: apt-get install default-jre-headless, or set JAVA_HOME to one"
_MEMORY = "give H2O more memory by init's max_mem_size, or less than the machine has"
_NO_JAVA = ("Cannot find Java", "java is not supported", "unsupported Java version", "H2O_JAVA_HOME")
_NO_MEMORY = ("OutOfMemory", "object heap", "heap size", "Java heap", "unable to create native thread", "UNIQUE_MEM")


@contextmanager
def failures_in_words(task: str) -> Iterator[None]:
    """Turn what H2O's client raises into an error that says what was tried, in H2O's own words.

    Raises:
        ModelpackError: H2O failed.
    """
    try:
        yield
    except ModelpackError:
        raise
    except Exception as error:
        raise put_in_words(f"H2O could not {task}", said(error)) from error


def put_in_words(what: str, text: str) -> ModelpackError:
    """The error for something that H2O said, with the way out where it is known."""
    message = f"{what}: {text}"
    if any(part in text for part in _NO_JAVA):
        return MissingDependencyError(message, hint=JAVA)
    if any(part in text for part in _NO_MEMORY):
        return ModelFailureError(message, hint=_MEMORY)
    return ModelFailureError(message)


def said(error: BaseException) -> str:
    """What H2O says of its failure: of an answer of the server the message alone, without its trace."""
    answer: Any = error.args[0] if error.args else None
    text = str(getattr(answer, "msg", None) or error).strip()
    found = re.search(r"^ *(?:Error: |msg = ['\"])(.+?)['\"]?$", text, re.MULTILINE)
    first = found[1] if found else next(iter(text.splitlines()), "")
    return first.strip() or type(error).__name__
