"""MLflow's `azureml.build_image` on today's Azure ML (placeholder)."""
from __future__ import annotations
def build_image() -> None:
    pass
