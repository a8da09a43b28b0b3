"""A registry: images are read from it (OCI distribution specification 1.1)."""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from modelpack.errors import NotFoundError
from modelpack.images.oci.authentication import Authentication
from modelpack.images.oci.blobs import CHUNK, BlobStore, HashingWriter, content_digest
from modelpack.images.oci.credentials import Credentials, find_credentials
from modelpack.images.oci.documents import INDEXES, MANIFESTS, Descriptor
from modelpack.images.oci.references import DOCKER_HUB, RegistryReference
from modelpack.images.oci.selection import LARGEST_DOCUMENT, read_image
from modelpack.images.oci.transport import ATTEMPTS, RegistryError, Transport, UnreachableError, reading, refusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from urllib3 import BaseHTTPResponse

    from modelpack.images.oci.images import Image
    from modelpack.images.oci.platforms import Platform

_ACCEPTED = ", ".join((*MANIFESTS, *INDEXES))
_OK, _PARTIAL, _UNAUTHORIZED, _NOT_FOUND = 200, 206, 401, 404


class Registry:
    """One registry, and who one is there.

    Args:
        name: Its host, with its port; `docker.io` is Docker Hub.
        plain: Whether to speak HTTP to it: on this machine, or when the user says so.
        transport: How it is reached.
        credentials: Who one is; None takes what `docker login` remembers.
    """

    def __init__(self, name: str, *, plain: bool, transport: Transport, credentials: Credentials | None = None) -> None:
        self.name = name
        host = "registry-1.docker.io" if name == DOCKER_HUB else name
        self._base = f"{'http' if plain else 'https'}://{host}/v2/"
        self._transport = transport
        known = credentials or find_credentials(name, os.environ)
        self._authentication = Authentication(self._transport, known, plain=plain)

    def pause(self, attempt: int) -> None:
        """Wait before something is tried again."""
        self._transport.pause(attempt)

    def request(
        self,
        method: str,
        path: str,
        scopes: Sequence[str],
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | IO[bytes] | None = None,
        again: bool = True,
    ) -> BaseHTTPResponse:
        """Send a request, with a token when the registry wants one.

        Args:
            method: The HTTP method.
            path: Below `/v2/`, or an address that the registry gave; another host gets no credentials.
            scopes: What it needs to be allowed.
            headers: Further headers.
            body: Its body; a file is read again from where it stood when the request has to be sent again.
            again: Whether to try again after answers that pass.

        Raises:
            RegistryError: There is no answer, or there are no credentials to be had.
        """
        url = urljoin(self._base, path)
        ours = urlsplit(url)[:2] == urlsplit(self._base)[:2]
        start = 0 if body is None or isinstance(body, bytes) else body.tell()

        def send() -> BaseHTTPResponse:
            if body is not None and not isinstance(body, bytes):
                body.seek(start)
            sent = self._authentication.header(scopes) if ours else {}
            return self._transport.request(method, url, headers={**(headers or {}), **sent}, body=body, again=again)

        response = send()
        if response.status == _UNAUTHORIZED and ours and self._answered(response, scopes):
            response.drain_conn()
            return send()
        return response

    def _answered(self, response: BaseHTTPResponse, scopes: Sequence[str]) -> bool:
        try:
            return self._authentication.answer(response, scopes)
        except RegistryError:
            response.close()
            raise


class RegistryBlobs:
    """The manifests and blobs of a repository, fetched into a store when they are asked for."""

    def __init__(self, registry: Registry, repository: str, blobs: BlobStore) -> None:
        self.registry = registry
        self.repository = repository
        self._blobs = blobs
        self._scopes = [f"repository:{repository}:pull"]

    def fetch(self, descriptor: Descriptor) -> Path:
        """A file with the content; a download that breaks off goes on where it was.

        Raises:
            NotFoundError: The registry does not have it.
            IntegrityError: It is not what the digest says.
            RegistryError: It cannot be had.
        """
        if descriptor not in self._blobs:
            with self._blobs.writer(descriptor) as writer:
                self._download(descriptor, writer)
        return self._blobs.path(descriptor.digest)

    def root(self, reference: RegistryReference) -> Descriptor:
        """What a tag or a digest leads to, kept in the store.

        Raises:
            NotFoundError: Nothing has that name.
            IntegrityError: The registry answers something else than the digest that was asked for.
            RegistryError: It cannot be had.
        """
        path = f"{self.repository}/manifests/{reference.version}"
        response = self._get(path, f"the manifest of {reference}", {"Accept": _ACCEPTED})
        with reading(self.registry.name):
            content = response.read(LARGEST_DOCUMENT + 1)
            response.release_conn()
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip()
        found = Descriptor(mediaType=kind, digest=content_digest(content), size=len(content))
        expected = found if reference.digest is None else found.model_copy(update={"digest": reference.digest})
        with self._blobs.writer(expected) as writer:
            writer.write(content)
        return found

    def _download(self, descriptor: Descriptor, writer: HashingWriter) -> None:
        kind = "manifests" if descriptor.media_type in (*MANIFESTS, *INDEXES) else "blobs"
        path = f"{self.repository}/{kind}/{descriptor.digest}"
        headers = {"Accept": descriptor.media_type, "Accept-Encoding": "identity"}
        for attempt in range(1, ATTEMPTS + 1):
            missing = {"Range": f"bytes={writer.size}-"} if writer.size else {}
            response = self._get(
                path, f"{descriptor.digest} of {self.registry.name}/{self.repository}", headers | missing
            )
            try:
                self._append(response, descriptor, writer)
            except UnreachableError:
                if attempt == ATTEMPTS:
                    raise
                self.registry.pause(attempt)
            else:
                return

    def _append(self, response: BaseHTTPResponse, descriptor: Descriptor, writer: HashingWriter) -> None:
        """Write what is missing, and hardly more than there should be."""
        skip = 0 if response.status == _PARTIAL else writer.size
        try:
            with reading(self.registry.name):
                for chunk in response.stream(CHUNK, decode_content=False):
                    writer.write(chunk[skip:])
                    skip = max(0, skip - len(chunk))
                    if writer.size > descriptor.size:
                        return
        finally:
            response.close()

    def _get(self, path: str, what: str, headers: Mapping[str, str]) -> BaseHTTPResponse:
        response = self.registry.request("GET", path, self._scopes, headers=headers)
        if response.status == _NOT_FOUND:
            error = refusal(response, what)
            raise NotFoundError(error.message, hint=error.hint)
        if response.status not in (_OK, _PARTIAL):
            raise refusal(response, what)
        return response


def open_remote(reference: RegistryReference, platform: Platform, registry: Registry, blobs: BlobStore) -> Image:
    """Read an image of a registry; its layers are fetched when they are needed.

    Raises:
        NotFoundError: There is none of that name, or none for that platform.
        IntegrityError: Something has another digest than it should.
        RegistryError: The registry cannot be reached or refuses.
    """
    source = RegistryBlobs(registry, reference.repository, blobs)
    return read_image(source.root(reference), platform, source, str(reference))
