"""The one place where errors become two lines and an exit code."""

from __future__ import annotations

import sys
import warnings
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from modelpack.errors import ModelpackError, ModelpackWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FAILED = 1
USAGE = 2
INTERRUPTED = 130


@contextmanager
def error_boundary(*, debug: bool) -> Iterator[None]:
    """Print an expected error in two lines and exit; let a bug, or any error with `debug`, show its traceback.

    Warnings of modelpack are printed as one line each.
    """
    try:
        with _plain_warnings():
            yield
    except ModelpackError as error:
        if debug:
            raise
        _print_error(error)
        sys.exit(USAGE if error.error_code == "USAGE" else FAILED)
    except KeyboardInterrupt as interrupt:
        for note in getattr(interrupt, "__notes__", ()):
            sys.stderr.write(f"{note}\n")
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(FAILED)


def _print_error(error: ModelpackError) -> None:
    sys.stderr.write(f"error: {error.message}\n")
    if error.hint is not None:
        sys.stderr.write(f"hint: {error.hint}\n")


def _show_warning(
    show: Callable[..., None], message: Warning | str, category: type[Warning], *place: Any, **rest: Any
) -> None:
    if issubclass(category, ModelpackWarning):
        sys.stderr.write(f"warning: {message}\n")
    else:
        show(message, category, *place, **rest)


@contextmanager
def _plain_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.showwarning = partial(_show_warning, warnings.showwarning)
        warnings.simplefilter("always", ModelpackWarning)
        yield
