"""Pushing an image: what the registry has already is not sent again, and the manifest comes last."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING
from urllib.parse import urlencode

from modelpack.images.oci.documents import OCI_MANIFEST, Descriptor
from modelpack.images.oci.transport import ATTEMPTS, RegistryError, UnreachableError, passes, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from urllib3 import BaseHTTPResponse

    from modelpack.images.oci.images import Image
    from modelpack.images.oci.references import RegistryReference
    from modelpack.images.oci.registry import Registry

_PIECE = 16 << 20
_OK, _CREATED, _ACCEPTED, _NOT_FOUND, _TOO_LARGE = 200, 201, 202, 404, 413


def push(
    image: Image,
    reference: RegistryReference,
    registry: Registry,
    *,
    shared: Mapping[str, str],
    progress: Callable[[str], None],
) -> None:
    """Bring an image to a registry.

    Args:
        image: What.
        reference: Under which name.
        registry: Where.
        shared: The repositories of that registry that have some of its blobs already, by digest.
        progress: Told of every blob what happened to it.

    Raises:
        RegistryError: The registry cannot be reached or refuses.
    """
    repository = _Repository(registry, reference.repository, shared)
    for descriptor in image.blobs:
        progress(f"{repository.bring(descriptor, image)} {descriptor.digest[:19]} ({descriptor.size:,} bytes)")
    repository.tag(image.fetch(image.descriptor).read_bytes(), reference)


class _Repository:
    """A repository that is written to."""

    def __init__(self, registry: Registry, name: str, shared: Mapping[str, str]) -> None:
        self._registry = registry
        self._name = name
        self._shared = shared
        others = sorted(set(shared.values()) - {name})
        self._scopes = [f"repository:{name}:pull,push", *(f"repository:{other}:pull" for other in others)]

    def bring(self, descriptor: Descriptor, image: Image) -> str:
        """Have a blob there, by the cheapest way; the answer says which it was."""
        head = self._request("HEAD", f"blobs/{descriptor.digest}")
        head.drain_conn()
        if head.status == _OK:
            return "there already:"
        if self._mounted(descriptor):
            return "mounted:"
        with image.fetch(descriptor).open("rb") as content:
            self._upload(descriptor, content)
        return "pushed:"

    def tag(self, manifest: bytes, reference: RegistryReference) -> None:
        """Write the manifest, which makes the image one."""
        path = f"manifests/{reference.version}"
        response = self._request("PUT", path, headers={"Content-Type": OCI_MANIFEST}, body=manifest)
        if response.status != _CREATED:
            raise refusal(response, f"cannot push {reference}")
        response.drain_conn()

    def _mounted(self, descriptor: Descriptor) -> bool:
        """Whether the registry took the blob over from another repository; if not, it has only begun an upload."""
        source = self._shared.get(descriptor.digest)
        if source is None:
            return False
        response = self._request("POST", f"blobs/uploads/?{urlencode({'mount': descriptor.digest, 'from': source})}")
        response.drain_conn()
        return response.status == _CREATED

    def _upload(self, descriptor: Descriptor, content: IO[bytes]) -> None:
        """In one request; in pieces when that is too large for something on the way. What failed begins anew."""
        send = self._send_whole
        for attempt in range(1, ATTEMPTS + 1):
            content.seek(0)
            try:
                response = send(descriptor, content)
            except UnreachableError:
                if attempt == ATTEMPTS:
                    raise
            else:
                if response.status == _CREATED:
                    response.drain_conn()
                    return
                if response.status == _TOO_LARGE and send == self._send_whole:
                    send = self._send_pieces
                elif attempt == ATTEMPTS or not (passes(response) or response.status == _NOT_FOUND):
                    raise refusal(response, f"cannot push {descriptor.digest} to {self._registry.name}/{self._name}")
                response.close()
            self._registry.pause(attempt)

    def _send_whole(self, descriptor: Descriptor, content: IO[bytes]) -> BaseHTTPResponse:
        return self._finish(self._begin(), descriptor, content, descriptor.size)

    def _send_pieces(self, descriptor: Descriptor, content: IO[bytes]) -> BaseHTTPResponse:
        place = self._begin()
        start = 0
        while piece := content.read(_PIECE):
            headers = {
                "Content-Range": f"{start}-{start + len(piece) - 1}",
                "Content-Type": "application/octet-stream",
            }
            response = self._registry.request("PATCH", place, self._scopes, headers=headers, body=piece, again=False)
            if response.status != _ACCEPTED:
                return response
            place = self._location(response)
            start += len(piece)
        return self._finish(place, descriptor, b"", 0)

    def _begin(self) -> str:
        response = self._request("POST", "blobs/uploads/")
        if response.status != _ACCEPTED:
            raise refusal(response, f"cannot push to {self._registry.name}/{self._name}")
        return self._location(response)

    def _finish(self, place: str, descriptor: Descriptor, body: bytes | IO[bytes], size: int) -> BaseHTTPResponse:
        query = urlencode({"digest": descriptor.digest})
        return self._registry.request(
            *("PUT", f"{place}{'&' if '?' in place else '?'}{query}", self._scopes),
            headers={"Content-Length": str(size), "Content-Type": "application/octet-stream"},
            body=body,
            again=False,
        )

    def _location(self, response: BaseHTTPResponse) -> str:
        response.drain_conn()
        place = response.headers.get("Location")
        if not place:
            raise RegistryError(f"{self._registry.name} begins an upload and does not say where it goes on")
        return place

    def _request(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> BaseHTTPResponse:
        return self._registry.request(method, f"{self._name}/{path}", self._scopes, headers=headers, body=body)
