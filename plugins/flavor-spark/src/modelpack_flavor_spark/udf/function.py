"""`spark_udf`: everything that can be told wrong is told here, on the driver."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidArgumentError, SchemaError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pyspark.sql import Column
    from pyspark.sql.types import DataType

    from modelpack.package.load import VersionPolicy
    from modelpack.package.trust import Trust
    from modelpack.pyfunc.policy import Policy
    from modelpack.schema.signature import ModelSignature

_LOCAL = (None, "local")


def spark_udf(  # noqa: PLR0913 - MLflow's arguments, and what `load_model` takes
    spark: Any = None,
    model_uri: Any = None,
    result_type: str | DataType | None = None,
    env_manager: str | None = None,
    *,
    params: Mapping[str, Any] | None = None,
    trust: Trust | None = None,
    flavor: str | None = None,
    policy: Policy = "safe",
    versions: VersionPolicy = "warn",
    run_id: str | None = None,
    path: str | os.PathLike[str] | None = None,
) -> Callable[..., Column]:
    """A function that scores columns of a Spark DataFrame with a model.

    The model is sent to the executors once for each session and loaded once in each Python worker. They need what the
    model needs: modelpack with the model's flavor, and its library.

    Args:
        spark: The session; None for the active one. It may come after the model.
        model_uri: A model directory or URI. It may come first, or alone.
        result_type: What each row becomes, as Spark's type or its DDL: `int`, `long`, `float`, `double`, `string`,
            `boolean`, an array of one of them, or a struct of those. None for what the signature says, else `double`.
        env_manager: `local` (or None): the executors' own environment.
        params: Params for every call of `predict`.
        trust: What may run code when it is loaded, as for `load_model`. Executors trust this very model, if you do.
        flavor: Whose view of the model, where it has several flavors.
        policy: How far data may be from the signature: `strict`, `safe` or `lenient`.
        versions: What to do when libraries of the executors differ from those that the model was saved with.
        run_id: When given, the model is at this path in the run (S17).
        path: The older name of `model_uri` (S153).

    Returns:
        A function of columns, or names of columns, that answers a column. The arguments are the signature's columns in
        its order; or, without a signature, columns with the names `0`, `1`, …; or one struct, whose fields have the
        names. Without arguments it takes the signature's columns by their names. It can also be registered for SQL
        with `spark.udf.register`.

    Raises:
        InvalidArgumentError: An argument cannot be used; or nothing that the model answers, by its signature, fits
            `result_type`.
        NotFoundError: There is no such model, or it has no generic Python view.
        TrustError: Loading it would run code from the model, and you do not trust it.
        PluginError: The model's flavor is not installed.
        SchemaError: `params` do not fit the signature; and from the function, when it is given too few or too many
            columns.
    """
    session, uri = _session_and_uri(spark, path if model_uri is None else model_uri)
    _check_environment(env_manager)
    from pyspark.sql import functions

    from modelpack.data.tables import output_names
    from modelpack.package.load import open_model
    from modelpack.pyfunc.enforcement import Enforcer
    from modelpack.pyfunc.source import ModelSource
    from modelpack.schema.signature import ModelSignature
    from modelpack_flavor_spark.udf.outputs import result_type_of
    from modelpack_flavor_spark.udf.shipping import authorized, ship
    from modelpack_flavor_spark.udf.worker import Task, scorer

    stored = open_model(uri if run_id is None else f"runs:/{run_id}/{uri}")
    trusted = authorized(stored, flavor, trust)
    signature = stored.mlmodel.signature
    kind = result_type_of(result_type, signature)
    known = ModelSignature(params=None if signature is None else signature.params)
    task = Task(
        archive=ship(session, stored),
        source=ModelSource(
            uri="", flavor=flavor, trust=trusted, policy=policy, versions=versions, digest=stored.digest
        ),
        names=_input_names(signature),
        result_type=kind,
        outputs=output_names(signature),
        params=Enforcer(known).params(params),
    )
    spark_functions: Any = functions  # its types know no functions whose arguments are counted later
    return _function(spark_functions.arrow_udf(scorer(task), kind), task.names, signature)


def _function(udf: Any, names: tuple[str, ...], signature: ModelSignature | None) -> Callable[..., Column]:
    @functools.wraps(udf)
    def score(*columns: Column | str) -> Column:
        _check_columns(len(columns), names, signature)
        scored: Column = udf(*(columns or _by_name(names)))
        return scored

    return score


def _session_and_uri(first: Any, second: Any) -> tuple[Any, str]:
    """The session and the model, whichever comes first (the page of MLflow 0.9 gives the model alone)."""
    from modelpack_flavor_spark.sessions import active_session

    if isinstance(first, (str, os.PathLike)):
        first, second = second, first
    if not isinstance(second, (str, os.PathLike)) or isinstance(first, (str, os.PathLike)):
        raise InvalidArgumentError(
            f"spark_udf takes a session and a model, not {first!r} and {second!r}",
            hint="give the model's path or URI, and other arguments by name: spark_udf('model', result_type='int')",
        )
    session = active_session() if first is None else first
    if session is None:
        raise InvalidArgumentError(
            "there is no active Spark session", hint="start one, with SparkSession.builder.getOrCreate()"
        )
    return session, os.fspath(second)


def _check_environment(env_manager: str | None) -> None:
    if env_manager not in _LOCAL:
        raise InvalidArgumentError(
            f"env_manager={env_manager!r}: models are scored in the environment of the executors",
            hint="install the lines of the model's requirements.txt there, or send a packed environment along in "
            "spark.archives; then leave env_manager out",
        )


def _input_names(signature: ModelSignature | None) -> tuple[str, ...]:
    inputs = None if signature is None else signature.inputs
    if inputs is None or None in inputs.names:
        return ()
    return tuple(map(str, inputs.names))


def _check_columns(count: int, names: tuple[str, ...], signature: ModelSignature | None) -> None:
    """One struct may always stand for all columns."""
    if count == 0 and not names:
        raise SchemaError(
            "the model's signature names no columns, so they have to be given", hint="score('first', 'second', …)"
        )
    if not names or count in {0, 1, len(names)}:
        return
    from modelpack.schema.signature import ColumnSchema

    inputs = None if signature is None else signature.inputs
    optional = isinstance(inputs, ColumnSchema) and not any(column.required for column in inputs.columns[count:])
    if count > len(names) or not optional:
        raise SchemaError(
            f"the function is given {count} columns, and the signature has {len(names)}: {', '.join(names)}",
            hint="give them in this order, or none to have them found by name, or one struct",
        )


def _by_name(names: tuple[str, ...]) -> tuple[Column, ...]:
    from pyspark.sql.functions import col

    return tuple(col(f"`{name.replace('`', '``')}`") for name in names)
