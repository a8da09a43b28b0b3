"""`python -m sagemaker_simulator --port N`: try it by hand."""

from __future__ import annotations

import argparse
import signal
import tempfile
from pathlib import Path

from modelpack.testing.warm_programs import WarmPrograms
from sagemaker_simulator.simulator import SageMakerSimulator


def main() -> None:
    """Answer until it is interrupted."""
    parser = argparse.ArgumentParser(prog="python -m sagemaker_simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="where to answer; a free port by default")
    parser.add_argument("--delay", type=float, default=1.0, help="seconds that each change of state takes")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with (
        tempfile.TemporaryDirectory() as directory,
        WarmPrograms() as programs,
        SageMakerSimulator(Path(directory), programs, port=given.port, delay=given.delay) as simulator,
    ):
        simulator.host_images()
        role, image, bucket = simulator.create_role(), simulator.push_image(), simulator.create_bucket("simulated")
        for name, value in simulator.environment().items():
            print(f"export {name}={value}")  # noqa: T201 - it is a program
        print("# curl $AWS_ENDPOINT_URL/simulator/names")  # noqa: T201 - as above
        print(f"# role {role}\n# image {image}\n# bucket {bucket}\n# Ctrl-C ends it", flush=True)  # noqa: T201 - as above
        try:
            signal.pause()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
