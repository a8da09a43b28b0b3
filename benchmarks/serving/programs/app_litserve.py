"""A LitServe server as its documentation writes one: `app_litserve.py MODEL PORT`, batching requests that wait."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import Any

import litserve  # type: ignore[import-not-found]
import numpy as np


class Model(litserve.LitAPI):  # type: ignore[misc]
    """Serves the pickled estimator."""

    def setup(self, device: str) -> None:  # noqa: ARG002 - LitServe's signature
        """Load it."""
        self.model = pickle.loads((Path(sys.argv[1]) / "array.pkl").read_bytes())  # noqa: S301 - ours

    def decode_request(self, request):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN201 - LitServe reads them
        """The rows of a request."""
        return np.asarray(request["data"], dtype=np.float64)

    def batch(self, inputs: list[Any]) -> list[Any]:
        """Keep the requests apart: each may bring several rows."""
        return inputs

    def predict(self, inputs: list[Any]) -> list[Any]:
        """Predict the rows of all requests at once."""
        ends = np.cumsum([len(rows) for rows in inputs])[:-1]
        return np.split(self.model.predict(np.concatenate(inputs)), ends)

    def unbatch(self, output: list[Any]) -> list[Any]:
        """They are apart already."""
        return output

    def encode_response(self, output: Any) -> dict[str, Any]:
        """The answer to one request."""
        return {"predictions": output.tolist()}


if __name__ == "__main__":
    server = litserve.LitServer(Model(max_batch_size=64, batch_timeout=0.001), accelerator="cpu", workers_per_device=1)
    server.run(
        host="127.0.0.1",
        port=int(sys.argv[2]),
        num_api_servers=1,
        log_level="warning",
        generate_client_file=False,
        access_log=False,
    )
