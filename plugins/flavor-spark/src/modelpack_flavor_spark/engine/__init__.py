"""Scoring batches on Spark: the engine `spark`."""

from modelpack_flavor_spark.engine.engine import SparkEngine as SparkEngine
from modelpack_flavor_spark.engine.engine import engine as engine
