"""The workspace's storage account: blobs in memory, behind the part of the Blob service's REST API that uploads use."""

from __future__ import annotations

import base64
import hashlib
import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from azure_simulator.messages import Call, Reply, ServiceError

if TYPE_CHECKING:
    from pathlib import Path

ACCOUNT = "storage.blob.core.windows.net"
CONTAINER = "azureml-blobstore"
DATASTORE = "workspaceblobstore"


@dataclass
class Blob:
    """One blob.

    Attributes:
        content: The bytes.
        metadata: What the uploader noted beside them.
    """

    content: bytes
    metadata: dict[str, str] = field(default_factory=dict)
    modified: float = field(default_factory=time.time)

    def headers(self) -> dict[str, str]:
        """What a look at the blob tells."""
        digest = base64.b64encode(hashlib.md5(self.content, usedforsecurity=False).digest()).decode()
        own = {f"x-ms-meta-{name}": value for name, value in self.metadata.items()}
        return own | {
            "ETag": f'"{digest}"',
            "Last-Modified": formatdate(self.modified, usegmt=True),
            "x-ms-blob-type": "BlockBlob",
            "x-ms-creation-time": formatdate(self.modified, usegmt=True),
            "Accept-Ranges": "bytes",
        }


class Blobs:
    """The blobs of one container, and what answers requests for them."""

    def __init__(self, url: str, signature: str) -> None:
        """Take requests that carry the signature."""
        self.signature = f"sv=2024-01-01&sr=c&sp=racwdl&sig={signature}"
        self.url = f"{url}/{ACCOUNT}/{CONTAINER}"
        self._signature = signature
        self._blobs: dict[str, Blob] = {}
        self._blocks: dict[str, dict[str, bytes]] = {}

    def names(self) -> list[str]:
        """Every blob."""
        return sorted(self._blobs)

    def read(self, name: str) -> bytes:
        """The bytes of a blob."""
        return self._found(name).content

    def write(self, name: str, content: bytes) -> None:
        """Keep a blob."""
        self._blobs[name] = Blob(content)

    def below(self, prefix: str) -> list[str]:
        """The blobs in a folder, or the one blob of this name."""
        folder = f"{prefix.rstrip('/')}/"
        return [name for name in self.names() if name == prefix or name.startswith(folder)]

    def uri(self, name: str) -> str:
        """The URI of a blob in the workspace's datastore."""
        return f"azureml://datastores/{DATASTORE}/paths/{name}"

    def path(self, uri: str) -> str | None:
        """The name of the blob or folder that a URI of a datastore, or an HTTPS one, leads to."""
        if uri.startswith("azureml://") and "/paths/" in uri:
            return uri.partition("/paths/")[2].rstrip("/")
        host, found, name = uri.partition(f"/{CONTAINER}/")
        if found and self.url.startswith(f"{host}/"):  # the SDK leaves the account out where that is part of the path
            return name.partition("?")[0].rstrip("/")
        return None

    def copy_to(self, prefix: str, destination: Path) -> Path:
        """Write a folder of blobs, or a single blob, below a directory, as Azure mounts an asset.

        Returns:
            Where the folder or the file lies.
        """
        top = PurePosixPath(prefix)
        for name in self.below(prefix):
            file = destination / PurePosixPath(name).relative_to(top.parent)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(self._blobs[name].content)
        return destination / top.name

    def clear(self) -> None:
        """Forget every blob."""
        self._blobs.clear()
        self._blocks.clear()

    def answer(self, call: Call) -> Reply:
        """Answer a request to the account."""
        if call.query.get("sig") != self._signature:
            raise ServiceError(403, "AuthenticationFailed", "Server failed to authenticate the request.")
        container, _, name = call.path.strip("/").partition("/")[2].partition("/")
        if container != CONTAINER:
            raise ServiceError(404, "ContainerNotFound", "The specified container does not exist.")
        if not name:
            return self._list(call) if call.query.get("comp") == "list" else Reply(200)
        if call.method == "PUT":
            return self._put(name, call)
        if call.method == "DELETE":
            del self._blobs[self._existing(name)]
            return Reply(202)
        return self._get(name, call)

    def _put(self, name: str, call: Call) -> Reply:
        component = call.query.get("comp")
        if component == "block":
            self._blocks.setdefault(name, {})[call.query["blockid"]] = call.content
            return Reply(201)
        if component == "metadata":
            self._found(name).metadata = _metadata(call)
            return Reply(200, b"", self._blobs[name].headers())
        if call.headers.get("if-none-match") == "*" and name in self._blobs:
            raise ServiceError(409, "BlobAlreadyExists", "The specified blob already exists.")
        content = self._joined(name, call) if component == "blocklist" else call.content
        self._blobs[name] = Blob(content, _metadata(call))
        return Reply(201, b"", self._blobs[name].headers())

    def _joined(self, name: str, call: Call) -> bytes:
        blocks = self._blocks.pop(name, {})
        return b"".join(blocks[each.text or ""] for each in ET.fromstring(call.content))  # noqa: S314 - the SDK's own

    def _get(self, name: str, call: Call) -> Reply:
        blob = self._found(name)
        if call.method == "HEAD":
            return Reply(200, blob.content, blob.headers())
        wanted = call.headers.get("x-ms-range") or call.headers.get("range")
        if wanted is None or not blob.content:
            return Reply(200, blob.content, blob.headers())
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        start, end = int(first), min(int(last or len(blob.content) - 1), len(blob.content) - 1)
        told = {"Content-Range": f"bytes {start}-{end}/{len(blob.content)}"}
        return Reply(HTTPStatus.PARTIAL_CONTENT, blob.content[start : end + 1], blob.headers() | told)

    def _list(self, call: Call) -> Reply:
        top = ET.Element("EnumerationResults", ContainerName=CONTAINER)
        listed = ET.SubElement(top, "Blobs")
        for name in self.names():
            if name.startswith(call.query.get("prefix", "")):
                self._listed(ET.SubElement(listed, "Blob"), name)
        ET.SubElement(top, "NextMarker")
        return Reply(200, ET.tostring(top, xml_declaration=True, encoding="utf-8"), {"Content-Type": "application/xml"})

    def _listed(self, element: ET.Element, name: str) -> None:
        blob = self._blobs[name]
        ET.SubElement(element, "Name").text = name
        properties = ET.SubElement(element, "Properties")
        ET.SubElement(properties, "Last-Modified").text = formatdate(blob.modified, usegmt=True)
        ET.SubElement(properties, "Content-Length").text = str(len(blob.content))
        ET.SubElement(properties, "BlobType").text = "BlockBlob"
        metadata = ET.SubElement(element, "Metadata")
        for key, value in blob.metadata.items():
            ET.SubElement(metadata, key).text = value

    def _existing(self, name: str) -> str:
        if name not in self._blobs:
            raise ServiceError(404, "BlobNotFound", "The specified blob does not exist.")
        return name

    def _found(self, name: str) -> Blob:
        return self._blobs[self._existing(name)]


def _metadata(call: Call) -> dict[str, str]:
    prefix = "x-ms-meta-"
    return {name[len(prefix) :]: value for name, value in call.headers.items() if name.startswith(prefix)}
