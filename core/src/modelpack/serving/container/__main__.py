"""`python -m modelpack.serving.container serve|health`: the entry point of an image."""

from __future__ import annotations

import os
import sys

from modelpack.pyfunc.signals import ending_at_once

_USAGE = 2
_ARGUMENTS = "the argument is `serve`, or `health`; settings are variables, such as MODELPACK_WORKERS"
_TRAIN = "this image serves a model, and trains none: start it with the argument `serve`"


def main(arguments: list[str]) -> int:
    """Do what the one argument says, and answer the exit code."""
    if arguments == ["serve"]:
        with ending_at_once():
            from modelpack.serving.container.start import serve_container

            return serve_container(os.environ)
    if arguments == ["health"]:
        from modelpack.serving.container.health import is_healthy

        return 0 if is_healthy(os.environ) else 1
    sys.stderr.write(f"{_TRAIN if arguments == ['train'] else _ARGUMENTS}\n")
    return _USAGE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
