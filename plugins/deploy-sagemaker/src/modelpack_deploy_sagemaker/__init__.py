"""Deploy models to Amazon SageMaker: endpoints, their updates and failures, batch transform, images."""

from __future__ import annotations
