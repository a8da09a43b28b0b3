"""Scoring files and streams of any size in chunks."""

from __future__ import annotations

from modelpack.batch.scoring import Progress as Progress
from modelpack.batch.scoring import score_file as score_file
