"""What H2O's client prints to the standard output, where a program may write data."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from typing import TextIO


def chatter_aside() -> AbstractContextManager[TextIO]:
    """Let what is printed go to the standard error, for a moment: there is no way to ask the client for silence."""
    return redirect_stdout(sys.stderr)
