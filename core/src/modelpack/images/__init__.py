"""Container images of the scoring server with one model's environment in them."""

from __future__ import annotations
