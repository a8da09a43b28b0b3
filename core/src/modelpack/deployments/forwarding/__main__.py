"""`python -m modelpack.deployments.forwarding serve|tell|await`: a forwarder as a container's one process.

`serve` forwards what comes to `PORT` (8080), `tell JSON` has it forward to other servers from now on, `await SECONDS
SERVER…` waits until all of these are ready; they are looked at from where the forwarder is.
"""

from __future__ import annotations

import asyncio
import os
import sys

_USAGE = 2
_WORDS = 2


def main(arguments: list[str]) -> int:
    """Do what the first argument says, and answer the exit code."""
    from modelpack.deployments.forwarding import program

    if arguments == ["serve"]:
        return program.serve(int(os.environ.get("PORT", "8080")))
    if len(arguments) == _WORDS and arguments[0] == "tell":
        return asyncio.run(program.tell(arguments[1]))
    if len(arguments) > _WORDS and arguments[0] == "await":
        return asyncio.run(program.await_servers(float(arguments[1]), arguments[2:]))
    sys.stderr.write("usage: serve | tell JSON | await SECONDS SERVER…\n")
    return _USAGE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
