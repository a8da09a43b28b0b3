"""The one place where errors become two lines and an exit code."""

from __future__ import annotations

import sys
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

from modelpack.errors import ModelpackError, ModelpackWarning

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(FAILED)


def _print_error(error: ModelpackError) -> None:
    sys.stderr.write(f"error: {error.message}\n")
    if error.hint is not None:
        sys.stderr.write(f"hint: {error.hint}\n")


@contextmanager
def _plain_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        previous = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *place: object) -> None:
            if issubclass(category, ModelpackWarning):
                sys.stderr.write(f"warning: {message}\n")
            else:
                previous(message, category, *place)  # type: ignore[arg-type]  # passed on as it came

        warnings.showwarning = show
        warnings.simplefilter("always", ModelpackWarning)
        yield
