"""The registry behind ECR: images are pushed by the protocol of OCI's distribution specification, and run as pushed."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import uuid
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import ServiceException
from moto.ecr.models import ecr_backends
from werkzeug.wrappers import Request, Response

from sagemaker_simulator import pushed_images
from sagemaker_simulator.place import ACCOUNT

if TYPE_CHECKING:
    from sagemaker_simulator.account import Account

PREFIX = "/v2/"
_ROUTE = re.compile(r"/v2/(?P<name>.+)/(?P<kind>blobs/uploads|blobs|manifests)/(?P<rest>[^/]*)")
_LOGIN = f"Basic {base64.b64encode(f'AWS:{ACCOUNT}-auth-token'.encode()).decode()}"
"""With the password that moto's ECR gives away."""


class Registry:
    """Answers what clients ask of a registry."""

    def __init__(self, account: Account) -> None:
        """Keep the images of an account."""
        self._account = account
        self._uploads: dict[str, bytes] = {}
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[tuple[str, str], tuple[str, bytes]] = {}

    def answer(self, environ: dict[str, Any]) -> Response:
        """Answer one request."""
        request = Request(environ)
        if request.headers.get("Authorization") != _LOGIN:
            challenge = {"WWW-Authenticate": 'Basic realm="simulated",service="ecr.amazonaws.com"'}
            return Response("Not Authorized\n", HTTPStatus.UNAUTHORIZED, challenge)
        if request.path == PREFIX:
            return Response("{}", content_type="application/json")
        route = _ROUTE.fullmatch(request.path)
        if route is None:
            return _refused(HTTPStatus.NOT_FOUND, "UNSUPPORTED", "there is no such route")
        if route["name"] not in ecr_backends[ACCOUNT][self._account.settings.region].repositories:
            where = f"does not exist in the registry with id '{ACCOUNT}'"
            return _refused(HTTPStatus.NOT_FOUND, "NAME_UNKNOWN", f"The repository with name '{route['name']}' {where}")
        answers = {"blobs": self._blob, "blobs/uploads": self._upload, "manifests": self._manifest}
        return answers[route["kind"]](request, route["name"], route["rest"])

    def _blob(self, _: Request, name: str, digest: str) -> Response:
        if digest not in self.blobs:
            return _refused(HTTPStatus.NOT_FOUND, "BLOB_UNKNOWN", f"there is no blob {digest} in {name}")
        headers = {"Docker-Content-Digest": digest}
        return Response(self.blobs[digest], headers=headers, content_type="application/octet-stream")

    def _upload(self, request: Request, name: str, number: str) -> Response:
        number = number or uuid.uuid4().hex
        content = self._uploads.pop(number, b"") + request.get_data()
        digest = request.args.get("digest")
        if digest is None:
            self._uploads[number] = content
            headers = {"Location": f"{PREFIX}{name}/blobs/uploads/{number}", "Range": f"0-{max(len(content) - 1, 0)}"}
            return Response(status=HTTPStatus.ACCEPTED, headers=headers)
        found = digest_of(content)
        if found != digest:
            return _refused(HTTPStatus.BAD_REQUEST, "DIGEST_INVALID", f"the content has the digest {found}")
        self.blobs[digest] = content
        location = {"Location": f"{PREFIX}{name}/blobs/{digest}", "Docker-Content-Digest": digest}
        return Response(status=HTTPStatus.CREATED, headers=location)

    def _manifest(self, request: Request, name: str, reference: str) -> Response:
        if request.method == "PUT":
            return self._kept(name, reference, request.headers["Content-Type"], request.get_data())
        if (name, reference) not in self.manifests:
            return _refused(HTTPStatus.NOT_FOUND, "MANIFEST_UNKNOWN", f"there is no image {name}:{reference}")
        media_type, content = self.manifests[name, reference]
        return Response(content, headers={"Docker-Content-Digest": digest_of(content)}, content_type=media_type)

    def _kept(self, name: str, reference: str, media_type: str, content: bytes) -> Response:
        digest = digest_of(content)
        self.manifests[name, reference] = self.manifests[name, digest] = (media_type, content)
        if reference != digest:  # parts of an index are not listed by themselves
            try:
                self._list(name, reference, media_type, content)
            except pushed_images.MissingBlobError as error:
                return _refused(HTTPStatus.BAD_REQUEST, "MANIFEST_BLOB_UNKNOWN", f"there is no blob {error}")
        return Response(status=HTTPStatus.CREATED, headers={"Docker-Content-Digest": digest})

    def _list(self, name: str, tag: str, media_type: str, content: bytes) -> None:
        """Have an image in ECR, and know what to run."""
        settings = self._account.settings
        directory = settings.directory / f"image-{uuid.uuid4().hex[:12]}"
        image = pushed_images.read(self, name, content, directory)
        backend = ecr_backends[ACCOUNT][settings.region]
        try:
            backend.put_image(name, content.decode(), tag, media_type, digest_of(content))
        except ServiceException:  # it has been pushed before, which ECR refuses and a registry does not
            return
        finally:
            self._account.images[f"{ACCOUNT}.dkr.ecr.{settings.region}.amazonaws.com/{name}:{tag}"] = image


def digest_of(content: bytes) -> str:
    """The digest of a blob."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _refused(status: HTTPStatus, code: str, message: str) -> Response:
    errors = {"errors": [{"code": code, "message": message}]}
    return Response(json.dumps(errors), status, content_type="application/json")
