"""The files of a model, from S3."""

from __future__ import annotations

import io
import re
import tarfile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from moto.s3.models import s3_backends

from sagemaker_simulator.place import ACCOUNT

if TYPE_CHECKING:
    from pathlib import Path

    from moto.s3.models import S3Backend

    from sagemaker_simulator.calls import Params

_ADDRESSES = (
    re.compile(r"s3://(?P<bucket>[^/]+)/?(?P<key>.*)"),
    re.compile(r"https://s3[.-][^/]*amazonaws\.com/(?P<bucket>[^/]+)/(?P<key>.*)"),
    re.compile(r"https://s3\.amazonaws\.com/(?P<bucket>[^/]+)/(?P<key>.*)"),
    re.compile(r"https://(?P<bucket>[^/]+?)\.s3[^/]*\.amazonaws\.com/(?P<key>.*)"),
)


class MissingDataError(Exception):
    """There is no such object."""


def split(uri: str) -> tuple[str, str]:
    """The bucket and the key of a URI in either form that SageMaker takes."""
    for pattern in _ADDRESSES:
        match = pattern.fullmatch(uri)
        if match is not None:
            return match["bucket"], match["key"]
    raise MissingDataError(uri)


def read(uri: str) -> bytes:
    """The content of an object.

    Raises:
        MissingDataError: There is none.
    """
    bucket, key = split(uri)
    found = _storage().get_object(bucket, key) if bucket in _storage().buckets else None
    if found is None:
        raise MissingDataError(uri)
    content: bytes = found.value
    return content


def write(uri: str, content: bytes) -> None:
    """Write an object.

    Raises:
        MissingDataError: There is no such bucket.
    """
    bucket, key = split(uri)
    if bucket not in _storage().buckets:
        raise MissingDataError(uri)
    _storage().put_object(bucket, key, content)


def listed(uri: str) -> list[str]:
    """The URIs of all objects whose keys begin as this one, in their order."""
    bucket, prefix = split(uri)
    if bucket not in _storage().buckets:
        return []
    return [f"s3://{bucket}/{key}" for key in sorted(_storage().buckets[bucket].keys) if key.startswith(prefix)]


def region_of(uri: str) -> str | None:
    """The region of the bucket; None where there is no such bucket."""
    bucket, _ = split(uri)
    found = _storage().buckets.get(bucket)
    return None if found is None else str(found.region_name)


def data_uri(container: Params) -> str | None:
    """Where a container's model lies; None for one without."""
    source = container.get("ModelDataSource", {}).get("S3DataSource")
    uri: str | None = container.get("ModelDataUrl") if source is None else source["S3Uri"]
    return uri


def exist(container: Params) -> bool:
    """Whether what a container's model shall be made of is there."""
    uri = data_uri(container)
    if uri is None:
        return True
    try:
        return bool(listed(uri)) if _is_prefix(container) else bool(read(uri))
    except MissingDataError:
        return False


def unpack(container: Params, directory: Path) -> None:
    """Put the model where the container reads it, as SageMaker does.

    Raises:
        MissingDataError: It is not there, or is no archive.
    """
    uri = data_uri(container)
    if uri is None:
        return
    if _is_prefix(container):
        _copy(uri, directory)
        return
    try:
        with tarfile.open(fileobj=io.BytesIO(read(uri)), mode="r:gz") as archive:
            archive.extractall(directory, filter="data")
    except (tarfile.TarError, OSError) as error:
        raise MissingDataError(uri) from error


def _is_prefix(container: Params) -> bool:
    source = container.get("ModelDataSource", {}).get("S3DataSource", {})
    return bool(source.get("CompressionType") == "None")


def _copy(prefix: str, directory: Path) -> None:
    for uri in listed(prefix):
        relative = PurePosixPath(uri.removeprefix(prefix).lstrip("/"))
        assert ".." not in relative.parts
        file = directory / relative
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(read(uri))


def _storage() -> S3Backend:
    return s3_backends[ACCOUNT]["aws"]
