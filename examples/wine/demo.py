"""The main job, with real processes: train, save, inspect, score a file, serve, query.

Run it with `python3 dev.py demo` from a checkout, or by itself where modelpack-core and modelpack-flavor-sklearn are
installed: `python examples/wine/demo.py`.
"""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import modelpack

if TYPE_CHECKING:
    from collections.abc import Iterator

START_SECONDS = 60
MODELPACK = [sys.executable, "-m", "modelpack"]


def main() -> None:
    """Do the whole job in a temporary directory and say what happened at each step."""
    with tempfile.TemporaryDirectory(prefix="wine-") as folder:
        run(Path(folder))
    step("Done: the directory and the server are gone.")


def run(folder: Path) -> None:
    """Do the whole job in `folder`."""
    features, target = load_wine(return_X_y=True, as_frame=True)
    train, test, train_target, test_target = train_test_split(features, target, stratify=target, random_state=42)

    step(f"Train a pipeline on the wine data set: {len(train)} wines, {train.shape[1]} measurements, 3 cultivars")
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(train, train_target)
    print(f"accuracy on {len(test)} wines it has not seen: {pipeline.score(test, test_target):.3f}")

    step("Save it, with a signature and an input example")
    model = folder / "wine_model"
    info = modelpack.save_model(pipeline, model, input_example=train.head(2))
    print("\n".join(f"  {path.name}" for path in sorted(model.iterdir())))
    print(f"digest {info.digest}")

    step("Look at it without loading it")
    command(*MODELPACK, "inspect", str(model))

    step("Score a CSV file")
    test.to_csv(folder / "wines.csv", index=False)
    scored = folder / "predictions.csv"
    command(*MODELPACK, "predict", str(model), "-i", str(folder / "wines.csv"), "-o", str(scored))
    predictions = pd.read_csv(scored).iloc[:, 0].to_numpy()
    expected = pipeline.predict(test)
    print(f"{len(predictions)} predictions, equal to the pipeline's own: {bool((predictions == expected).all())}")

    step("Serve it in another process, and ask it")
    with served(model) as address:
        query(address, test.head(2))


def query(address: str, wines: pd.DataFrame) -> None:
    """Send the same two wines in each content type that needs nothing but pandas."""
    split = wines.to_dict(orient="split", index=False)
    bodies = [
        ("application/json", json.dumps({"dataframe_split": split})),
        ("application/json", json.dumps({"dataframe_records": wines.to_dict(orient="records")})),
        ("application/json", json.dumps({"inputs": wines.to_dict(orient="list")})),
        ("application/json", json.dumps({"instances": wines.to_dict(orient="records")})),
        ("application/json; format=pandas-split", json.dumps(split)),
        ("application/json; format=pandas-records", json.dumps(wines.to_dict(orient="records"))),
        ("text/csv", wines.to_csv(index=False)),
    ]
    for content_type, body in bodies:
        print(f"$ curl {address}/invocations -H 'Content-Type: {content_type}' -d '{body[:40]}…'")
        print(f"  {post(address, content_type, body)}")
    print("$ curl … with a column missing")
    print(f"  {post(address, 'text/csv', wines.iloc[:, 1:].to_csv(index=False))}")


def post(address: str, content_type: str, body: str) -> str:
    """One invocation: the status and the answer."""
    request = urllib.request.Request(  # noqa: S310 - the address is our own server's
        f"{address}/invocations", data=body.encode(), headers={"Content-Type": content_type}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - as above
            return f"{response.status} {response.read().decode().strip()}"
    except urllib.error.HTTPError as error:
        return f"{error.code} {error.read().decode().strip()}"


@contextmanager
def served(model: Path) -> Iterator[str]:
    """A scoring server for the model in a process of its own, from its first answer to its clean end."""
    port = free_port()
    server = subprocess.Popen([*MODELPACK, "serve", str(model), "--port", str(port)])  # noqa: S603 - our own command
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until_ready(address, server)
        yield address
    finally:
        server.send_signal(signal.SIGTERM)
        print(f"the server ended with exit code {server.wait(timeout=30)}")


def wait_until_ready(address: str, server: subprocess.Popen[bytes]) -> None:
    """Return when `/ping` answers; fail when the server has ended or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/ping", timeout=5):  # noqa: S310 - our own server
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server did not start")


def free_port() -> int:
    """A TCP port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def command(*words: str) -> None:
    """Show a command and run it."""
    print("$ modelpack " + " ".join(words[len(MODELPACK) :]), flush=True)
    subprocess.run(words, check=True)  # noqa: S603 - our own command


def step(title: str) -> None:
    """Print a heading."""
    print(f"\n== {title}", flush=True)


if __name__ == "__main__":
    main()
