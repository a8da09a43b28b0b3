"""An engine that runs images, as a test hands it to the simulator."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from azure_simulator.containers import Container
from modelpack.deployments.local.ports import free_port

RunCommand = Callable[[str, int, Mapping[str, str], Mapping[str, Path]], list[str]]
"""The command that runs an image in the foreground: its name, the port that leads to its own port 8080, its variables,
and what is mounted, by where it is."""


def start_on_engine(
    run: RunCommand, image: str, variables: Mapping[str, str], routes: Mapping[str, str], log: Path
) -> Container:
    """Start an image as it is; what lies beside the log is at the same place in the container."""
    port = free_port("127.0.0.1")
    command = run(image, port, variables, {str(log.parent): log.parent})
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    return Container(process, port, log, routes)
