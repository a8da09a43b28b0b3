"""What loading an exported program would run, found out without loading it.

`torch.export.load` is no safe reader. It unpickles what the archive marks so (weights, constants, sample inputs, custom
objects), links compiled libraries, evaluates the expressions of shapes (`sympy.sympify`) and of guards (`exec`), writes
names into Python source that it runs, imports enumerations that a tree names, and calls whatever attribute of `torch`,
`math` or `operator` a node has as its target: `torch.serialization.os.system` is one.

A program of tensors and PyTorch's own operators needs none of that. So an archive is read here first, with the reader
that will load it, and each text in it is held against a short list of forms. What has another form is told; loading it
then takes the caller's trust.
"""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile, ZipFile

from modelpack.errors import InvalidModelError
from modelpack_flavor_pytorch.expressions import is_guard, is_shape

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROGRAM = "models/model.json"
SAMPLE_INPUTS = "data/sample_inputs/model.pt"
CONFIGS = ("data/weights/model_weights_config.json", "data/constants/model_constants_config.json")
TENSORS = re.compile(r"data/weights/weight_\d+|data/constants/tensor_\d+")
PLAIN = {"archive_format", "archive_version", "byteorder", "version", ".data/version", ".data/serialization_id"}

_NAME = re.compile(r"[\w.+\-:/ ]*", re.ASCII)
_OPERATOR = re.compile(r"torch\.ops\.aten\.(\w+)\.(\w+)", re.ASCII)
_SYMBOLIC = re.compile(
    r"_operator\.(eq|ne|le|ge|lt|gt|neg|pos|mul|add|sub|floordiv|mod|pow|truediv|and_|or_|lshift|rshift|getitem)"
    r"|math\.trunc|torch\.sym_(not|int|float|ite|max|min|sqrt)"
    r"|torch\.ops\.higher_order\.(cond|while_loop|wrap_with_set_grad_enabled|wrap_with_autocast)"
)
_PRIVATE = re.compile(
    r"_assert_(scalar|async|tensor_metadata)|_functional_assert_(scalar|async)|_(log_)?softmax|_to_copy|_unsafe_(view|index)"
    r"|_native_batch_norm_legit(_no_training)?|_scaled_dot_product_\w+|_weight_norm(_interface)?|_adaptive_avg_pool[23]d"
    r"|_native_multi_head_attention|_transformer_encoder_layer_fwd|_fft_\w+|_shape_as_tensor|_cdist_forward"
    r"|_upsample_\w+|_convolution|_trilinear|_euclidean_dist|_linalg_\w+"
)
_TREES = {None, "builtins.tuple", "builtins.list", "builtins.dict", "collections.OrderedDict"}
_GRAPHS = {"graph", "as_graph"}
_QUOTED = {"as_string", "as_strings"}
"""Arguments of nodes, which PyTorch quotes as it writes them into source. Those of inputs it does not."""


def reasons(path: Path) -> list[str]:
    """Why loading an archive would run code from it, in words; none for a program of tensors and operators.

    Raises:
        InvalidModelError: The file is no archive that PyTorch reads.
    """
    from torch.export.pt2_archive._package import PT2ArchiveReader

    try:
        with PT2ArchiveReader(str(path)) as archive:
            names = archive.get_file_names()
            known = {PROGRAM, SAMPLE_INPUTS, *CONFIGS, *PLAIN}
            strange = [name for name in names if name not in known and not TENSORS.fullmatch(name)]
            if strange or PROGRAM not in names:
                return [f"it holds {', '.join(sorted(strange)[:3]) or 'no program'}"]
            return list(dict.fromkeys(_found(archive, names)))
    except (RuntimeError, ValueError, AssertionError, RecursionError) as error:
        if _is_of_before(path):
            return ["it was written before PyTorch 2.8, whose archives hold pickles"]
        raise InvalidModelError(f"{path.name} is no exported program that PyTorch can read: {error}") from error


def _is_of_before(path: Path) -> bool:
    """Whether it has the layout of PyTorch up to 2.7."""
    try:
        with ZipFile(path) as archive:
            return "serialized_exported_program.json" in archive.namelist()
    except (BadZipFile, OSError):
        return False


def _found(archive: Any, names: list[str]) -> Iterator[str]:
    for config in (name for name in CONFIGS if name in names):
        yield from _payloads(config, json.loads(archive.read_bytes(config)))
    if SAMPLE_INPUTS in names:
        yield from _sample_inputs(archive.read_bytes(SAMPLE_INPUTS))
    yield from _texts(json.loads(archive.read_bytes(PROGRAM)), "")


def _payloads(config: str, content: Any) -> Iterator[str]:
    folder = config.rpartition("/")[0]
    for name, payload in content["config"].items():
        if payload["use_pickle"] is not False or not TENSORS.fullmatch(f"{folder}/{payload['path_name']}"):
            yield f"{name} is pickled in it"
    yield from _texts(content, "")


def _sample_inputs(content: bytes) -> Iterator[str]:
    import torch

    try:
        torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception:  # noqa: BLE001 - whatever the restricted unpickler raises, the other would be asked next
        yield "its sample inputs are a pickle of more than tensors"


def _texts(value: Any, key: str, *, in_nodes: bool = False) -> Iterator[str]:
    """What stands in the program's description, each text held against the form that its place has."""
    if isinstance(value, dict):
        for name, each in value.items():
            if _NAME.fullmatch(name) is None:
                yield f"it has the name {name[:60]!r}"
            if name != "metadata" or "graph" in value:  # a node's metadata is kept, and not used
                yield from _texts(each, name, in_nodes=name not in _GRAPHS and (in_nodes or name == "nodes"))
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each, key, in_nodes=in_nodes)
    elif isinstance(value, str) and not (in_nodes and key in _QUOTED) and not _is_harmless(value, key):
        yield f"its {key} is {value[:60]!r}"


def _is_harmless(text: str, key: str) -> bool:
    match key:
        case "expr_str":
            return is_shape(text)
        case "guards_code":
            return is_guard(text)
        case "in_spec" | "out_spec":
            return not text or _is_plain_tree(json.loads(text)[1])
        case "target" | "as_operator":
            return _NAME.fullmatch(text) is not None and (not text.startswith(_CALLED) or _is_operator(text))
        case _:
            return _NAME.fullmatch(text) is not None


_CALLED = ("torch", "math", "_operator", "#")


def _is_operator(target: str) -> bool:
    """Whether a node's target computes with tensors and numbers, and does nothing else."""
    import torch

    found = _OPERATOR.fullmatch(target)
    if found is None:
        return _SYMBOLIC.fullmatch(target) is not None
    name, overload = found.groups()
    if name.startswith("_") and not _PRIVATE.fullmatch(name):
        return False
    full = f"aten::{name}" if overload == "default" else f"aten::{name}.{overload}"
    # a kernel tells PyTorch's operators from TorchScript's, such as aten::save, which writes files
    if not torch._C._dispatch_has_kernel(full):  # noqa: SLF001 - it has no public name
        return False
    operator = getattr(getattr(torch.ops.aten, name), overload, None)
    schema = getattr(operator, "_schema", None)
    return schema is not None and all("file" not in argument.name for argument in schema.arguments)


def _is_plain_tree(tree: Any) -> bool:
    context = tree["context"]
    texts = json.loads(context) if isinstance(context, str) else context
    plain = tree["type"] in _TREES and (texts is None or (isinstance(texts, list) and all(map(_is_key, texts))))
    return plain and all(map(_is_plain_tree, tree["children_spec"]))


def _is_key(value: Any) -> bool:
    return isinstance(value, int) or (isinstance(value, str) and _NAME.fullmatch(value) is not None)
