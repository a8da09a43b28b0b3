"""What uv and pip unpack, without what differs from one time, machine or installer to the next."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import shutil
from configparser import ConfigParser
from configparser import Error as ConfigError
from pathlib import Path

_NOTES = ("INSTALLER", "REQUESTED", "direct_url.json", "uv_build.json", "uv_cache.json")
_UP = "../../"
"""How pip leads from the packages to `bin`, which lies beside them only until they are moved to the target."""
_SHEBANG = b"#!"
_INTERPRETER = b"#!/usr/bin/env python\n"


def normalise(tree: Path) -> None:
    """Make a directory of installed packages depend on its wheels alone.

    Gone are the installer's notes about itself (which hold paths and times), its lock, and the programs that it made
    for entry points, which would start the interpreter of the machine that built the image: packages are run by their
    modules there (`python -m …`). Programs that a wheel brings start the `python` of the image. `RECORD` is written
    anew, for the files that are there, so that the packages can still be audited.

    Args:
        tree: What `--target` named.
    """
    (tree / ".lock").unlink(missing_ok=True)
    for cache in list(tree.rglob("__pycache__")):
        shutil.rmtree(cache)
    for information in sorted(tree.glob("*.dist-info")):
        for name in (*_NOTES, *(f"../bin/{script}" for script in _entry_points(information / "entry_points.txt"))):
            (information / name).unlink(missing_ok=True)
    _point_scripts(tree / "bin")
    for record in sorted(tree.glob("*.dist-info/RECORD")):
        _rewrite(record, tree)


def _entry_points(file: Path) -> list[str]:
    parser = ConfigParser(delimiters=("=",), strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read(file, encoding="utf-8")
    except (ConfigError, UnicodeDecodeError):
        return []
    return [
        name
        for section in ("console_scripts", "gui_scripts")
        if parser.has_section(section)
        for name in parser.options(section)
    ]


def _point_scripts(directory: Path) -> None:
    if not directory.is_dir():
        return
    for script in filter(Path.is_file, list(directory.iterdir())):
        first, _, rest = script.read_bytes().partition(b"\n")
        if first.startswith(_SHEBANG) and b"python" in first:
            script.write_bytes(_INTERPRETER + rest)
        script.chmod(0o755)  # uv makes every one of them executable, pip those that are so in the wheel
    if not any(directory.iterdir()):
        directory.rmdir()


def _rewrite(record: Path, tree: Path) -> None:
    """The rows of files that are there, sorted; the hashes of the programs anew, for they were changed."""
    rows = csv.reader(io.StringIO(record.read_text(encoding="utf-8")))
    listed = {row[0].removeprefix(_UP) for row in rows if row}
    names = {name for name in listed if not name.startswith(("../", "/")) and (tree / name).is_file()}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for name in sorted(names):
        writer.writerow([name, "", ""] if tree / name == record else [name, *_facts(tree / name)])
    record.write_text(text.getvalue(), encoding="utf-8", newline="\n")


def _facts(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
    return f"sha256={base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}", path.stat().st_size
