"""Spark MLlib pipelines for modelpack, any model as a Spark UDF, and batch scoring on Spark clusters."""

from modelpack_flavor_spark.api import get_default_conda_env, load_model, log_model, save_model
from modelpack_flavor_spark.udf import spark_udf

__all__ = ["get_default_conda_env", "load_model", "log_model", "save_model", "spark_udf"]
