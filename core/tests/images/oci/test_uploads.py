from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest
from small_images import small_layout
from small_registry import Handler, SmallRegistry

from modelpack.images.oci.blobs import content_digest
from modelpack.images.oci.images import Image
from modelpack.images.oci.layouts import open_directory
from modelpack.images.oci.platforms import Platform
from modelpack.images.oci.references import LayoutReference, RegistryReference
from modelpack.images.oci.registry import Registry
from modelpack.images.oci.transport import RegistryError, Transport
from modelpack.images.oci.uploads import push

REPOSITORY = "team/model"


@pytest.fixture
def image(tmp_path: Path) -> Image:
    """An image with two layers, one of them too large for one piece of an upload."""
    large = os.urandom(17 << 20)
    layout = small_layout(tmp_path / "image", {"small": b"small"}, {"large": large})
    return open_directory(LayoutReference(layout), Platform.parse("linux/amd64"))


def send(image: Image, registry: SmallRegistry, shared: dict[str, str] | None = None) -> list[str]:
    """Push an image; answers what happened to each blob."""
    reference = RegistryReference.parse(f"{registry.address}/{REPOSITORY}:1")
    told: list[str] = []
    with closing(Transport(backoff=0)) as transport:
        client = Registry(registry.address, plain=True, transport=transport)
        push(image, reference, client, shared=shared or {}, progress=told.append)
    return [line.partition(" sha256")[0] for line in told]


def assert_there(image: Image, registry: SmallRegistry) -> None:
    """The registry has the manifest under its tag, and every blob as it is here."""
    media_type, content = registry.manifests[REPOSITORY, "1"]
    assert content_digest(content) == image.descriptor.digest
    assert media_type == image.descriptor.media_type
    for descriptor in image.blobs:
        assert registry.blobs[REPOSITORY, descriptor.digest] == image.fetch(descriptor).read_bytes()


def test_image_is_pushed_and_its_manifest_comes_last(registry: SmallRegistry, image: Image) -> None:
    """Every blob is there before the tag leads to them."""
    assert send(image, registry) == ["pushed:"] * 3
    assert_there(image, registry)
    assert [path for _, path, _ in registry.requests][-1] == f"/v2/{REPOSITORY}/manifests/1"


def test_what_is_there_is_not_sent_again(registry: SmallRegistry, image: Image) -> None:
    """The second push asks for each blob, and sends the manifest alone."""
    send(image, registry)
    registry.requests.clear()
    assert send(image, registry) == ["there already:"] * 3
    assert registry.methods() == ["HEAD"] * 3 + ["PUT"]


def test_layers_of_the_base_are_mounted(registry: SmallRegistry, image: Image) -> None:
    """What another repository of the registry has does not travel."""
    base = image.manifest.layers[0]
    registry.add("team/base", image.fetch(base).read_bytes())
    assert send(image, registry, {base.digest: "team/base"}) == ["mounted:", "pushed:", "pushed:"]
    assert_there(image, registry)


def test_layer_that_cannot_be_mounted_is_sent(registry: SmallRegistry, image: Image) -> None:
    """A registry need not mount; then the layer is pushed like any other."""
    base = image.manifest.layers[0]
    assert send(image, registry, {base.digest: "team/base"}) == ["pushed:"] * 3
    assert_there(image, registry)


def test_token_allows_mounting_too(registry: SmallRegistry, image: Image) -> None:
    """The token server is asked for both repositories (distribution's token specification, scope)."""
    registry.token = "t0ken"  # noqa: S105 - of a server that ends with the test
    base = image.manifest.layers[0]
    registry.add("team/base", image.fetch(base).read_bytes())
    assert send(image, registry, {base.digest: "team/base"})[0] == "mounted:"
    (asked,) = [path for _, path, _ in registry.requests if path.startswith("/token")]
    assert "scope=repository%3Ateam%2Fmodel%3Apull%2Cpush&scope=repository%3Ateam%2Fbase%3Apull" in asked


def test_blob_that_is_too_large_for_one_request_goes_in_pieces(registry: SmallRegistry, image: Image) -> None:
    """A proxy that refuses large bodies is met with pieces of 16 MiB."""
    registry.largest = 16 << 20
    assert image.manifest.layers[1].size > registry.largest
    assert send(image, registry) == ["pushed:"] * 3
    assert_there(image, registry)
    assert registry.methods().count("PATCH") >= 2


@pytest.mark.parametrize("status", [404, 429, 500, 503])
def test_upload_that_fails_begins_anew(registry: SmallRegistry, image: Image, status: int) -> None:
    """A session that the registry has lost, or a fault that passes, costs one more attempt."""

    def lose(handler: Handler) -> bool:
        return handler.command == "PUT" and "/uploads/" in handler.path and handler.answer(status)

    registry.faults.append(lose)
    send(image, registry)
    assert_there(image, registry)


def test_connection_that_breaks_during_an_upload_is_made_again(registry: SmallRegistry, image: Image) -> None:
    """The layer is sent again from its beginning."""

    def hang_up(handler: Handler) -> bool:
        handler.close_connection = handler.command == "PUT" and "/uploads/" in handler.path
        return handler.close_connection

    registry.faults.append(hang_up)
    send(image, registry)
    assert_there(image, registry)


def test_upload_to_another_host_carries_no_credentials(registry: SmallRegistry, image: Image) -> None:
    """Where a registry sends the bytes elsewhere, the token stays."""
    registry.token = "t0ken"  # noqa: S105
    with SmallRegistry().serving() as elsewhere:

        def send_away(handler: Handler) -> bool:
            if not (handler.command == "POST" and handler.headers.get("Authorization")):
                return False
            return handler.answer(202, Location=f"http://{elsewhere.address}/v2/x/blobs/uploads/0")

        elsewhere.uploads["0"] = b""
        registry.faults.append(send_away)
        send(image, registry)
        assert [method for method, _, _ in elsewhere.requests] == ["PUT"]
        assert "Authorization" not in elsewhere.requests[0][2]


def test_refusal_is_shown(registry: SmallRegistry, image: Image) -> None:
    """Who may not push hears what the registry says, after one attempt."""

    def deny(handler: Handler) -> bool:
        return handler.command == "POST" and handler.answer(403, b'{"errors":[{"message":"requested access denied"}]}')

    registry.faults.extend([deny] * 2)
    with pytest.raises(RegistryError, match="answers 403: requested access denied") as caught:
        send(image, registry)
    assert "docker login" in str(caught.value.hint)
    assert len(registry.faults) == 1
    assert not registry.manifests
