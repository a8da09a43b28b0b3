"""Scoring files, tables and streams of any size in chunks."""

from __future__ import annotations

from modelpack.batch.job import predict as predict
from modelpack.batch.records import BatchProgress as BatchProgress
from modelpack.batch.records import BatchResult as BatchResult
from modelpack.batch.records import FailedPart as FailedPart
from modelpack.batch.scoring import score_file as score_file
