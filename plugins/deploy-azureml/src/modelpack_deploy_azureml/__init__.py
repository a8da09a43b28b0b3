"""Deploy models to Azure Machine Learning: managed and Kubernetes online endpoints, batch endpoints."""

from __future__ import annotations

from modelpack_deploy_azureml.image_building import build_image

__all__ = ["build_image"]
