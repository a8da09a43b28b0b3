"""The `MLmodel` file: what a model directory says about itself."""

from __future__ import annotations

import datetime as dt
import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, NoReturn, overload

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import core_schema

from modelpack.errors import InvalidArgumentError, InvalidModelError, NotFoundError
from modelpack.paths import relative_path
from modelpack.schema.formats import check_format
from modelpack.schema.mlmodel_content import core_paths, mlmodel_mapping
from modelpack.schema.signature import ModelSignature
from modelpack.schema.signature_json import signature_from_mapping, signature_to_mapping
from modelpack.schema.times import read_time
from modelpack.schema.yaml import MAX_BYTES, plain_value, write_yaml

if TYPE_CHECKING:
    from typing import Self

FILE_NAME = "MLmodel"
"""The name of the file in the root of every model directory (S1)."""


class _SignatureValue:
    """Tells pydantic to hold a `ModelSignature` as it is, and to read one from the file's mapping."""

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(cls._read)

    @staticmethod
    def _read(value: Any) -> ModelSignature | None:
        if value is None or isinstance(value, ModelSignature):
            return value
        if not isinstance(value, Mapping):
            raise ValueError("a mapping with `inputs`, `outputs` and `params` was expected")  # noqa: TRY004 - pydantic's
        signature = signature_from_mapping(value)
        return None if signature == ModelSignature() else signature


class MLmodel(BaseModel):
    """The content of an `MLmodel` file.

    Keys that are not listed here, and flavors that no plugin is installed for, are kept as they are and written again.
    Every key but `flavors` may be absent. Values given are copied: two models never share a mapping.

    Attributes:
        flavors: Each flavor's conf under the flavor's name (S3, S4).
        signature: What the model takes and answers.
        utc_time_created: When the model was created, as text; see `created`.
        run_id: The run that logged the model; absent when it was saved only (S7).
        artifact_path: Where it was logged: a path in the run, or a URI.
        model_uuid: The model's identity.
        mlflow_version: The release of MLflow that wrote the model.
        modelpack_version: The release of modelpack that wrote the model.
        saved_input_example_info: Which file holds the input example, and in which form.
        model_size_bytes: The size of all files.
        metadata: The user's own notes.
    """

    model_config = ConfigDict(extra="allow", protected_namespaces=(), coerce_numbers_to_str=True)

    flavors: dict[str, dict[str, Any]] = Field(default_factory=dict)
    signature: Annotated[ModelSignature | None, _SignatureValue] = None
    utc_time_created: str | None = None
    run_id: str | None = None
    artifact_path: str | None = None
    model_uuid: str | None = None
    mlflow_version: str | None = None
    modelpack_version: str | None = None
    saved_input_example_info: dict[str, Any] | None = None
    model_size_bytes: int | None = None
    metadata: dict[Any, Any] | None = None

    _explicit_nulls: frozenset[str] = PrivateAttr(default=frozenset())

    @model_validator(mode="before")
    @classmethod
    def _copy_values(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        return {
            key: value if isinstance(value, ModelSignature) else plain_value(value, str(key))
            for key, value in values.items()
        }

    @field_validator("flavors", mode="before")
    @classmethod
    def _fill_empty_confs(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return {} if value is None else value
        return {name: {} if conf is None else conf for name, conf in value.items()}

    @field_validator("utc_time_created", mode="before")
    @classmethod
    def _time_as_text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, dt.date) else value

    @classmethod
    def from_dict(cls, mapping: Mapping[str, Any], *, source: str = FILE_NAME) -> Self:
        """Read the content from a mapping, of which nothing is shared.

        Args:
            mapping: What the file holds, or what `to_dict` answered.
            source: What the mapping is, for messages.

        Raises:
            InvalidModelError: A known key has a value that cannot be; the message names the source and the key.
        """
        check_format(mapping, source=source)
        try:
            model = cls.model_validate(dict(mapping))
        except ValidationError as error:
            _refuse(error, source)
        except InvalidModelError as error:
            raise InvalidModelError(f"{source}: {error.message}", hint=error.hint) from error
        model._explicit_nulls = frozenset(key for key, value in mapping.items() if value is None)  # noqa: SLF001 - own
        return model

    @classmethod
    def from_yaml(cls, text: str | bytes, *, source: str = FILE_NAME) -> Self:
        """Read the content of a file; see `read_yaml` for what is accepted.

        Raises:
            InvalidModelError: It is no YAML or no `MLmodel`; the message says what it is where that can be told, as
                for a Git LFS pointer, a pickle or an MLproject file.
        """
        return cls.from_dict(mlmodel_mapping(text, source=source), source=source)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read the `MLmodel` file of a local model directory, or the file itself (S15).

        Raises:
            NotFoundError: There is no such file or directory, or no `MLmodel` in the directory.
            InvalidModelError: As `from_yaml`.
        """
        file = _file(path)
        try:
            with file.open("rb") as stream:
                content = stream.read(min(os.fstat(stream.fileno()).st_size, MAX_BYTES) + 1)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NotFoundError(
                f"{path} is no model: there is no {FILE_NAME} file",
                hint="give the model directory, the one that holds the file MLmodel",
            ) from error
        except OSError as error:
            raise InvalidModelError(f"{file} cannot be read: {error.strerror}") from error
        return cls.from_yaml(content, source=str(file))

    @property
    def created(self) -> dt.datetime | None:
        """When the model was created, in UTC; None where the file does not say it in a form that can be read (S6)."""
        written = read_time(self.utc_time_created)
        return written if written is not None else read_time((self.model_extra or {}).get("time_created"))

    def add_flavor(self, name: str, **conf: Any) -> Self:
        """Describe the model as one more flavor, replacing what stood under that name (S12).

        Args:
            name: The flavor's name.
            **conf: Its attributes, of plain values.

        Returns:
            The model itself, so that calls chain.

        Raises:
            InvalidArgumentError: An attribute is no plain value.
        """
        self.flavors[name] = plain_value(conf, f"flavor {name}")
        return self

    def flavor_conf(self, name: str) -> dict[str, Any]:
        """What stands under `flavors: <name>:`.

        Raises:
            NotFoundError: The model has no such flavor; the message names those it has.
        """
        try:
            return self.flavors[name]
        except KeyError:
            present = ", ".join(sorted(self.flavors)) or "none"
            raise NotFoundError(
                f"the model has no flavor {name!r}; it has: {present}",
                hint="load it as one of these, or save it again with the flavor that is needed",
            ) from None

    def to_dict(self) -> dict[str, Any]:
        """The content as plain values, of which nothing is shared; absent keys are left out."""
        values = {name: getattr(self, name) for name in type(self).model_fields} | (self.model_extra or {})
        if self.signature is not None:
            values["signature"] = signature_to_mapping(self.signature)
        return {
            name: plain_value(value, name)
            for name, value in values.items()
            if value is not None or name in self._explicit_nulls or name not in type(self).model_fields
        }

    @overload
    def to_yaml(self, stream: None = None) -> str: ...
    @overload
    def to_yaml(self, stream: IO[str]) -> None: ...
    def to_yaml(self, stream: IO[str] | None = None) -> str | None:
        """The content as YAML: answered, or written to a stream when one is given (S13)."""
        text = write_yaml(self.to_dict())
        if stream is None:
            return text
        stream.write(text)
        return None

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the file, in one step; a reader sees the old content or the new (S14).

        Args:
            path: The model directory when it is one, else the file.

        Raises:
            InvalidModelError: A path that core reads is absolute or leaves the model directory.
            NotFoundError: The directory to write into is not there.
        """
        content = self.to_dict()
        for place, text in core_paths(content):
            _check_path(place, text)
        file = _file(path)
        text = write_yaml(content)
        if not file.parent.is_dir():
            raise NotFoundError(f"the directory {file.parent} to write {file.name} into is not there")
        staged = file.with_name(f".{file.name}.{uuid.uuid4().hex}")
        try:
            staged.write_text(text, encoding="utf-8", newline="\n")
            staged.replace(file)
        finally:
            staged.unlink(missing_ok=True)


def _file(path: str | os.PathLike[str]) -> Path:
    given = Path(path)
    return given / FILE_NAME if given.is_dir() else given


def _check_path(place: str, text: Any) -> None:
    if not isinstance(text, str):
        raise InvalidArgumentError(f"{place} is a path, {text!r} is none")
    try:
        relative_path(text)
    except InvalidModelError as error:
        raise InvalidModelError(f"{place}: {error.message}", hint=error.hint) from error


def _refuse(error: ValidationError, source: str) -> NoReturn:
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "the content"
    raise InvalidModelError(f"{source}: {place}: {first['msg']}, this is {first['input']!r:.80}") from error
