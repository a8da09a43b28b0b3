"""Runs a batch scoring script as Azure does: `init()`, then `run(mini_batch)` for so many files at a time.

Called as `batch_driver.py SCRIPT INPUT OUTPUT MINI_BATCH_SIZE ERROR_THRESHOLD`.
"""

from __future__ import annotations

import runpy
import sys
import traceback
from pathlib import Path
from typing import Any


def main(script: str, source: str, output: str, size: str, threshold: str) -> int:
    """Score every file, append the rows to the output, and answer the exit code."""
    sys.path.insert(0, str(Path(script).parent))
    functions = runpy.run_path(script, run_name="batch_scoring")
    functions["init"]()
    files = sorted(str(file) for file in Path(source).rglob("*") if file.is_file())
    failed = 0
    with Path(output).open("w", encoding="utf-8") as rows:
        for start in range(0, len(files), int(size)):
            batch = files[start : start + int(size)]
            try:
                rows.write(_text(functions["run"](batch)))
            except Exception:  # noqa: BLE001 - whatever a script raises counts as failed files
                traceback.print_exc()
                failed += len(batch)
    if not Path(output).stat().st_size:
        Path(output).unlink()
    return 1 if -1 < int(threshold) < failed or failed == len(files) else 0


def _text(result: Any) -> str:
    """A frame without its header, or a line for each entry of a list."""
    if hasattr(result, "to_csv"):
        return str(result.to_csv(header=False, index=False))
    return "".join(f"{row}\n" for row in result)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
