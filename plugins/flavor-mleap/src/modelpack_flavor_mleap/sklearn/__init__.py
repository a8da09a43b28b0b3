"""Fitted pipelines of scikit-learn as bundles."""
