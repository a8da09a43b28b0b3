"""What a save or log answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Self

    from modelpack.schema.mlmodel import MLmodel
    from modelpack.schema.signature import ModelSignature


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """A model that was saved.

    Attributes:
        model_uri: What to give to `load_model`; a path, or `runs:/…` for a logged model.
        path: The model directory.
        digest: The SHA-256 of its manifest, `sha256:` and 64 hexadecimal digits; it names exactly these files.
        model_uuid: 32 hexadecimal digits, new for every save.
        flavors: What stands under `flavors:` in `MLmodel`.
        signature: What the model takes and answers.
        utc_time_created: When it was saved, RFC 3339 in UTC.
        model_size_bytes: The size of all files but `MLmodel` and the manifest.
        run_id: The run that it was logged to.
        artifact_path: Where in the run it stands.
        metadata: The caller's own metadata.
        saved_input_example_info: Where the input example stands and in which form.
    """

    model_uri: str
    path: Path
    digest: str
    model_uuid: str
    flavors: Mapping[str, Mapping[str, Any]]
    signature: ModelSignature | None = None
    utc_time_created: str | None = None
    model_size_bytes: int | None = None
    run_id: str | None = None
    artifact_path: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    saved_input_example_info: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, described: MLmodel, path: Path, digest: str, model_uri: str) -> Self:
        """What was saved, as its `MLmodel` file describes it."""
        return cls(
            model_uri=model_uri,
            path=path,
            digest=digest,
            model_uuid=described.model_uuid or "",
            flavors=described.flavors,
            signature=described.signature,
            utc_time_created=described.utc_time_created,
            model_size_bytes=described.model_size_bytes,
            run_id=described.run_id,
            artifact_path=described.artifact_path,
            metadata=described.metadata or {},
            saved_input_example_info=described.saved_input_example_info,
        )
