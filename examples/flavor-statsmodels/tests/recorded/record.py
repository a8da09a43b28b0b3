"""Write the recorded model, where MLflow and statsmodels are installed: python record.py."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import mlflow.pyfunc
import mlflow.statsmodels
import pandas as pd
import statsmodels.api as sm

# texts of NumPy, which a reader without pyarrow can unpickle
pd.options.future.infer_string = False

FOLDER = Path(__file__).parent / "mlflow"
HOUSES = pd.DataFrame(
    {
        "area": [52.0, 70.0, 88.0, 95.0, 110.0, 120.0, 145.0, 160.0],
        "age": [30.0, 12.0, 41.0, 8.0, 25.0, 60.0, 5.0, 18.0],
        "price": [170.0, 260.0, 265.0, 345.0, 352.0, 310.0, 520.0, 540.0],
    },
)


def main() -> None:
    """Save a model with MLflow, and what it predicts."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    rows = HOUSES[["area", "age"]]
    results = sm.OLS(HOUSES["price"], rows).fit()
    mlflow.statsmodels.save_model(results, FOLDER, pip_requirements=["statsmodels"])
    predictions = mlflow.pyfunc.load_model(str(FOLDER)).predict(rows)
    text = json.dumps(predictions.to_list())
    (FOLDER / "expected.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
