"""Reading exported programs: no code from the file without trust, and on whatever device is here."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidModelError
from modelpack_flavor_pytorch import archive
from modelpack_flavor_pytorch.modules import EXPORT_LOCK

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def read_program(path: Path, device: Any, require_trust: Callable[[str], None]) -> Any:
    """The module of an exported program.

    Args:
        path: The `.pt2` file.
        device: Where to; wherever it was exported, it is read on the CPU first.
        require_trust: Called with a reason where loading would run code from the file.

    Raises:
        TrustError: It would, and the caller does not trust the model.
        InvalidModelError: The file is no exported program.
    """
    import torch

    found = archive.reasons(path)
    if found:
        require_trust(f"loading {path.name} can run code: {'; '.join(found[:3])}")
    with EXPORT_LOCK:
        program = torch.export.load(path) if found else _read(path)
        if device.type != "cpu":
            from torch.export.passes import move_to_device_pass

            program = move_to_device_pass(program, device)
        return program.module()


def _read(path: Path) -> Any:
    """Load what was found harmless, with the reader that it was looked at with.

    `torch.export.load` would ask another reader, and unpickle, where this one fails.
    """
    from torch.export.pt2_archive._package import load_pt2

    try:
        return load_pt2(_on_cpu(path)).exported_programs["model"]
    except (RuntimeError, KeyError) as error:
        raise InvalidModelError(f"{path.name} is no exported program that PyTorch can read: {error}") from error


def _on_cpu(path: Path) -> Any:
    """The archive; when it names another device, a copy in memory that names the CPU instead."""
    import torch
    from torch.export.pt2_archive._package import PT2ArchiveReader, PT2ArchiveWriter

    with PT2ArchiveReader(str(path)) as reader:
        names = reader.get_file_names()
        texts = {name: json.loads(reader.read_bytes(name)) for name in names if name.endswith(".json")}
        if not sum(map(_settled_on_cpu, texts.values())):
            return str(path)
        copied = io.BytesIO()
        with PT2ArchiveWriter(copied) as writer:
            for name in (name for name in names if name.startswith(("data/", "models/"))):
                content = reader.read_bytes(name)
                if name in texts:
                    content = json.dumps(texts[name]).encode()
                elif name == archive.SAMPLE_INPUTS:
                    sample = io.BytesIO()
                    torch.save(torch.load(io.BytesIO(content), map_location="cpu", weights_only=True), sample)
                    content = sample.getvalue()
                writer.write_bytes(name, content)
    copied.seek(0)
    return copied


def _settled_on_cpu(value: Any) -> int:
    """Write the CPU over every other device in a description; answers how many there were."""
    if isinstance(value, list):
        return sum(map(_settled_on_cpu, value))
    if not isinstance(value, dict):
        return 0
    if value.keys() == {"type", "index"} and value["type"] not in {"cpu", "meta"}:
        value.update(type="cpu", index=None)
        return 1
    return sum(map(_settled_on_cpu, value.values()))
