"""`modelpack inspect`: what a model is, without loading it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from modelpack.cli.options import JsonOption, ModelArgument, ModelOption, chosen_model
from modelpack.cli.output import print_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelpack.package.load import StoredModel
    from modelpack.plugins.manager import PluginManager


def inspect_model(model: ModelArgument = None, option: ModelOption = None, *, as_json: JsonOption = False) -> None:
    """Show a model's flavors, signature, digest, requirements, and what loading it would run. Nothing of it is run."""
    from modelpack.package.load import open_model
    from modelpack.plugins.manager import default_manager

    stored = open_model(chosen_model(model, option))
    code = {name: _code(stored, name, default_manager()) for name in stored.mlmodel.flavors}
    if as_json:
        print_json(_description(stored, code))
    else:
        sys.stdout.writelines(f"{line}\n" for line in _lines(stored, code))


def _description(stored: StoredModel, code: Mapping[str, str]) -> dict[str, Any]:
    content = stored.mlmodel.to_dict()
    return {
        "path": str(stored.path),
        "digest": stored.digest,
        "has_manifest": _has_manifest(stored),
        "runs_code": code,
        "requirements": _requirements(stored),
        "mlmodel": content,
    }


def _lines(stored: StoredModel, code: Mapping[str, str]) -> Iterator[str]:
    from modelpack.schema.signature_text import schema_lines

    mlmodel = stored.mlmodel
    yield str(stored.path)
    yield from _facts(
        {
            "created": _created(stored),
            "run": mlmodel.run_id,
            "size": None if mlmodel.model_size_bytes is None else f"{mlmodel.model_size_bytes:,} bytes",
            "digest": stored.digest + (", verified" if _has_manifest(stored) else ", computed: it has no manifest"),
        }
    )
    yield "flavors"
    for name, conf in mlmodel.flavors.items():
        yield from _facts({name: _conf_text(conf)})
        yield from _facts({"": code[name]})
    signature = mlmodel.signature
    parts = {} if signature is None else {"inputs": signature.inputs, "outputs": signature.outputs}
    for title, schema in parts.items():
        if schema is not None:
            yield title
            yield from (f"  {line}" for line in schema_lines(schema))
    for param in (signature.params if signature is not None else None) or ():
        yield f"param {param.name}, {param.default!r} unless given"
    yield from ("requirements", *(f"  {line}" for line in _requirements(stored)))


def _facts(facts: Mapping[str, str | None]) -> Iterator[str]:
    width = 16
    return (f"  {name:{width}} {value}" for name, value in facts.items() if value is not None)


def _created(stored: StoredModel) -> str | None:
    extra = stored.mlmodel
    writers = {"modelpack": extra.modelpack_version, "MLflow": extra.mlflow_version}
    writer = next((f"{tool} {version}" for tool, version in writers.items() if version), None)
    text = extra.utc_time_created
    return text if writer is None else f"{text or 'at an unknown time'} by {writer}"


def _conf_text(conf: Mapping[str, Any]) -> str:
    """The values of a conf that are short enough to tell on one line."""
    short = {key: value for key, value in conf.items() if isinstance(value, str | int | float)}
    return ", ".join(f"{key} {value}" for key, value in short.items())


def _code(stored: StoredModel, name: str, plugins: PluginManager) -> str:
    """What loading the model as one flavor would run."""
    from modelpack.errors import ModelpackError
    from modelpack.package.load import trust_reasons

    try:
        reasons = trust_reasons(stored, name, plugins)
    except ModelpackError as error:
        return f"cannot be loaded here: {error.message}"
    return f"runs code: {'; '.join(reasons)}" if reasons else "runs no code when it is loaded"


def _has_manifest(stored: StoredModel) -> bool:
    from modelpack.package.manifest import NAME

    return (stored.path / NAME).exists()


def _requirements(stored: StoredModel) -> list[str]:
    path = stored.path / "requirements.txt"
    return path.read_text(encoding="utf-8").split("\n")[:-1] if path.is_file() else []
