"""Models as functions on the columns of a Spark DataFrame; the work is that of the plugin for Spark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from modelpack.plugins.manager import default_manager

if TYPE_CHECKING:
    from collections.abc import Callable

FLAVOR = "spark"


def spark_udf(*arguments: Any, **options: Any) -> Callable[..., Any]:
    """A function that scores columns of a Spark DataFrame with a model (S153).

    Args:
        *arguments: The session and the model's URI, in either order; without a session the active one is used.
        **options: `result_type`, `params`, `trust`, `env_manager` and what else the `spark_udf` of the flavor `spark`
            takes, which describes them.

    Returns:
        A function of columns that answers a column, for `withColumn`, `select` and `spark.udf.register`.

    Raises:
        PluginError: The flavor `spark` is not installed.
        ModelpackError: As the flavor's `spark_udf`.

    Example:
        ```python
        score = modelpack.pyfunc.spark_udf("my_model", result_type="double")
        frame.withColumn("prediction", score("age", "rooms"))
        ```
    """
    flavor: Any = default_manager().flavor(FLAVOR)
    return cast("Callable[..., Any]", flavor.spark_udf(*arguments, **options))
