"""Any model as a function on the columns of a Spark DataFrame."""

from modelpack_flavor_spark.udf.function import spark_udf

__all__ = ["spark_udf"]
