"""Fitted pipelines of Spark as bundles, their parameters read through Python's interface of Spark."""
