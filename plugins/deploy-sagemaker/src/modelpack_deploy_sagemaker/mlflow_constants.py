"""What MLflow 0.9 takes for what the caller does not say."""

from __future__ import annotations

REGION = "us-west-2"
INSTANCE_TYPE = "ml.m4.xlarge"
DEFAULT_IMAGE = "mlflow-pyfunc"
