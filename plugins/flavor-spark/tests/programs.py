"""What the tests run in other processes, each with a session of its own."""

from __future__ import annotations

from typing import Any


def model_that_notes(path: str, notes: str) -> None:
    """Save a model that writes a line with its process for each time that it is loaded, and dies when it is told to."""
    import numpy as np
    import pandas as pd

    import modelpack
    import modelpack.pyfunc

    class Noting(modelpack.pyfunc.PythonModel):
        def load_context(self, context: Any) -> None:  # noqa: ARG002 - the form
            import os
            from pathlib import Path

            with Path(notes).open("a", encoding="utf-8") as file:
                file.write(f"{os.getpid()}\n")

        def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:  # noqa: ARG002 - the form
            import os
            import signal
            from pathlib import Path

            kill = Path(f"{notes}.kill")
            if kill.exists():
                kill.unlink()
                os.kill(os.getpid(), signal.SIGKILL)
            return model_input["x"].to_numpy() * 2 + 0.0 * os.getpid()

    signature = modelpack.infer_signature(pd.DataFrame({"x": [1.0]}), np.array([1.0]))
    modelpack.pyfunc.save_model(path, python_model=Noting(), signature=signature)


def on_two_executors(path: str, notes: str, settings: dict[str, str]) -> dict[str, Any]:
    """Score in several jobs on a cluster of two executors, and once more with a worker that is killed."""
    from pathlib import Path

    from pyspark.sql import SparkSession
    from pyspark.sql.functions import sum as total

    import modelpack.pyfunc

    model_that_notes(path, notes)
    builder = SparkSession.builder.master("local-cluster[2,1,512]").config("spark.executor.memory", "512m")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    score = modelpack.pyfunc.spark_udf(path)
    frame = session.range(0, 4000, 1, 8).selectExpr("CAST(id AS DOUBLE) AS x")
    sums = [frame.select(score().alias("y")).agg(total("y")).collect()[0][0] for _ in range(3)]
    loads = Path(notes).read_text(encoding="utf-8").split()
    workers = session.sparkContext.parallelize(range(8), 8).map(lambda _: str(Path.cwd())).distinct().collect()
    Path(f"{notes}.kill").touch()
    survived = frame.select(score().alias("y")).agg(total("y")).collect()[0][0]
    after = Path(notes).read_text(encoding="utf-8").split()
    session.stop()
    return {"sums": sums, "loads": loads, "executors": len(workers), "survived": survived, "after": after}


def connected(path: str, settings: dict[str, str]) -> dict[str, Any]:
    """Everything through Spark Connect: a pipeline saved, loaded and scored, and a model as a function."""
    import pandas as pd
    import pyarrow as pa
    from pyspark.ml import Pipeline
    from pyspark.ml.feature import VectorAssembler
    from pyspark.ml.regression import LinearRegression
    from pyspark.sql import SparkSession

    import modelpack
    import modelpack.batch
    import modelpack.pyfunc

    builder = SparkSession.builder.remote("local[2]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    rows = pa.table({"a": [1.0, 2.0, 3.0, 4.0], "b": [2.0, 1.0, 4.0, 3.0], "y": [5.0, 4.0, 11.0, 10.0]})
    stages: list[Any] = [VectorAssembler(inputCols=["a", "b"], outputCol="features"), LinearRegression(labelCol="y")]
    pipeline = Pipeline(stages=stages).fit(session.createDataFrame(rows))
    modelpack.save_model(pipeline, f"{path}/pipeline")
    modelpack.save_model(pipeline, f"{path}/copied", dfs_tmpdir=f"{path}/shared")
    frame = pd.DataFrame({"a": [5.0, 6.0], "b": [6.0, 5.0]})
    native = modelpack.load_model(f"{path}/pipeline")
    answered = [row.prediction for row in native.transform(session.createDataFrame(pa.table(rows))).collect()]
    generic = modelpack.pyfunc.load_model(f"{path}/copied", dfs_tmpdir=f"{path}/shared").predict(frame).tolist()
    model_that_notes(f"{path}/model", f"{path}/notes")
    score = modelpack.pyfunc.spark_udf(f"{path}/model", session)
    scored = [row[0] for row in session.range(4).selectExpr("CAST(id AS DOUBLE) AS x").select(score()).collect()]
    session.range(4).selectExpr("CAST(id AS DOUBLE) AS x").createOrReplaceTempView("numbers")
    batch = modelpack.batch.predict(f"{path}/model", "numbers", f"{path}/out", engine="spark").rows
    session.stop()
    return {"native": answered, "generic": generic, "scored": scored, "kind": type(native).__name__, "batch": batch}


def alone(path: str, rows: Any) -> dict[str, Any]:
    """Load and score where there is no session."""
    from pyspark.sql import SparkSession

    import modelpack.pyfunc

    answer = modelpack.pyfunc.load_model(path).predict(rows)
    session = SparkSession.active()
    return {"answer": answer, "master": session.sparkContext.master, "ui": session.conf.get("spark.ui.enabled")}


def engine_alone(model: str, source: str, destination: str) -> dict[str, Any]:
    """Score a batch with a session that the engine starts and stops."""
    import modelpack.batch
    from modelpack_flavor_spark.sessions import active_session

    rows = modelpack.batch.predict(model, source, destination, engine="spark", master="local[2]").rows
    return {"rows": rows, "active": active_session() is not None}
