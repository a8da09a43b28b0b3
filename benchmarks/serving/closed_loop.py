"""Closed loops, driven by wrk: as many requests at a time as connections, each sent when the last is answered."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from process_tree import busy_seconds, memory_mib, processor_seconds
from running import HOST

if TYPE_CHECKING:
    from running import Request, Running

SCRIPT = Path(__file__).resolve().with_name("post.lua")


def drive(server: Running, request: Request, connections: int, seconds: float) -> dict[str, float]:
    """Rate, latencies, failures, processor time a request and memory of a server under load.

    `others` is the part of the machine's processors that neither the server nor wrk used: what disturbed the run.
    """
    before = (processor_seconds(server.process), busy_seconds(), _children_seconds())
    memory: list[float] = []
    sampler = threading.Timer(seconds * 0.6, lambda: memory.append(memory_mib(server.process)))
    sampler.start()
    seen = _wrk(server.port, request, connections, seconds)
    sampler.join()
    spent = processor_seconds(server.process) - before[0]
    others = busy_seconds() - before[1] - spent - (_children_seconds() - before[2])
    return {
        **seen,
        "rate": seen["requests"] / seen["seconds"],
        "cpu": spent / max(seen["requests"], 1),
        "cores": spent / seen["seconds"],
        "mib": memory[0],
        "others": max(others, 0.0) / seen["seconds"],
    }


def wrk_program() -> str:
    """The path of wrk."""
    found = shutil.which("wrk")
    if found is None:
        raise SystemExit("the load comes from wrk: install it, for example by `apt install wrk`")
    return found


def _wrk(port: int, request: Request, connections: int, seconds: float) -> dict[str, float]:
    with tempfile.NamedTemporaryFile() as body:
        body.write(request.body)
        body.flush()
        load = ["--threads", "1", "--connections", str(connections), "--duration", f"{max(round(seconds), 1)}s"]
        url = f"http://{HOST}:{port}{request.path}"
        command = [wrk_program(), *load, "--timeout", "60s", "--script", str(SCRIPT), url, "--", body.name]
        answer = subprocess.run([*command, request.media_type], capture_output=True, text=True, check=True)
    seen: dict[str, float] = json.loads(answer.stdout.strip().splitlines()[-1])
    return seen


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
