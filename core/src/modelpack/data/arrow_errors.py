"""What pyarrow raises about data, as the error of whoever sent it."""

from __future__ import annotations

import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING

from modelpack.data.libraries import require
from modelpack.errors import DataFormatError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def refused(message: str) -> Iterator[None]:
    """Raise `DataFormatError` with this message for data that pyarrow or pandas cannot read.

    Damaged data gives `OSError` as well as Arrow's own errors, names that are not UTF-8 `UnicodeDecodeError`, and dates
    out of range or in unknown zones `ValueError`.
    """
    pa = require("pyarrow", "arrow")
    try:
        yield
    except (pa.ArrowException, OSError, EOFError, ValueError, OverflowError, IndexError, struct.error) as error:
        raise DataFormatError(f"{message}: {str(error).strip()}") from error
