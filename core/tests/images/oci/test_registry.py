from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from small_images import layer, plain, small_manifest
from small_registry import Fault, Handler, SmallRegistry

from modelpack.errors import IntegrityError, InvalidArgumentError, NotFoundError
from modelpack.images.oci.blobs import BlobStore
from modelpack.images.oci.credentials import Credentials
from modelpack.images.oci.documents import DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, Descriptor
from modelpack.images.oci.images import Image
from modelpack.images.oci.platforms import Platform
from modelpack.images.oci.references import RegistryReference
from modelpack.images.oci.registry import Registry, open_remote
from modelpack.images.oci.transport import RegistryError, Transport

AMD64 = Platform.parse("linux/amd64")
REPOSITORY = "team/base"
USER = Credentials("ada", "s3cret")


@pytest.fixture
def image(registry: SmallRegistry, tmp_path: Path) -> Descriptor:
    """An image in the registry, under the tag `1`."""
    return fill(registry, tmp_path / "made")


def fill(registry: SmallRegistry, scratch: Path, media_type: str = OCI_MANIFEST) -> Descriptor:
    """Put an image with one layer of random-looking content into a registry."""
    blobs = BlobStore(scratch)
    manifest = small_manifest(blobs, [layer(blobs, {"file": bytes(range(256)) * 40})], {})
    for path in blobs.path("").iterdir():
        registry.add(REPOSITORY, path.read_bytes())
    registry.tag(REPOSITORY, "1", media_type, blobs.fetch(manifest).read_bytes())
    return manifest


def pull(registry: SmallRegistry, store: BlobStore, version: str = ":1", user: Credentials | None = None) -> Image:
    """Read an image as `build --daemonless` does, layers included, waiting no time between attempts."""
    reference = RegistryReference.parse(f"{registry.address}/{REPOSITORY}{version}")
    with closing(Transport(backoff=0)) as transport:
        client = Registry(registry.address, plain=True, transport=transport, credentials=user)
        image = open_remote(reference, AMD64, client, store)
        for each in image.manifest.layers:
            image.fetch(each)
        return image


def failing(status: int, times: int) -> list[Fault]:
    """Faults that answer requests for blobs with a status."""

    def fault(handler: Handler) -> bool:
        return "/blobs/" in handler.path and handler.answer(status, Retry_After="0")

    return [fault] * times


def test_image_is_pulled_by_tag_and_by_digest(registry: SmallRegistry, image: Descriptor, store: BlobStore) -> None:
    """Both lead to the same manifest, whose layers have the content that was put there."""
    pulled = pull(registry, store)
    assert pulled.descriptor.digest == image.digest
    content = pulled.fetch(pulled.manifest.layers[0]).read_bytes()
    assert content == registry.blobs[REPOSITORY, pulled.manifest.layers[0].digest]
    assert pull(registry, store, f"@{image.digest}").descriptor.digest == image.digest


def test_layer_that_was_fetched_is_not_fetched_again(
    registry: SmallRegistry, image: Descriptor, store: BlobStore
) -> None:
    """The second pull asks for the tag alone."""
    assert pull(registry, store).descriptor.digest == image.digest
    registry.requests.clear()
    pull(registry, store)
    assert [path for _, path, _ in registry.requests] == [f"/v2/{REPOSITORY}/manifests/1"]


def test_manifest_of_docker_becomes_one_of_the_oci(registry: SmallRegistry, tmp_path: Path, store: BlobStore) -> None:
    """Media types of Docker's schema 2 are read."""
    made = fill(registry, tmp_path / "made", DOCKER_MANIFEST)
    assert pull(registry, store).descriptor.digest == made.digest


def test_image_for_the_platform_is_taken_from_an_index(
    registry: SmallRegistry, image: Descriptor, store: BlobStore
) -> None:
    """Attestations and other platforms are passed over."""
    other = {**plain(image), "digest": f"sha256:{'0' * 64}"}
    listed = [
        {**other, "platform": {"os": "unknown", "architecture": "unknown"}},
        {**other, "platform": {"os": "linux", "architecture": "arm64", "variant": "v8"}},
        {**plain(image), "platform": {"os": "linux", "architecture": "amd64"}},
    ]
    index = json.dumps({"schemaVersion": 2, "manifests": listed}).encode()
    registry.tag(REPOSITORY, "many", OCI_INDEX, index)
    assert pull(registry, store, ":many").descriptor.digest == image.digest
    del listed[2]
    registry.tag(REPOSITORY, "few", OCI_INDEX, json.dumps({"schemaVersion": 2, "manifests": listed}).encode())
    with pytest.raises(NotFoundError, match="no image for linux/amd64: it has linux/arm64\n") as caught:
        pull(registry, store, ":few")
    assert "--platform" in str(caught.value.hint)


def test_manifest_of_another_digest_is_refused(registry: SmallRegistry, image: Descriptor, store: BlobStore) -> None:
    """Who asks for a digest gets that or an error."""
    asked = f"sha256:{'1' * 64}"
    registry.manifests[REPOSITORY, asked] = registry.manifests[REPOSITORY, image.digest]
    with pytest.raises(IntegrityError, match=f"instead of {asked}"):
        pull(registry, store, f"@{asked}")


@pytest.mark.usefixtures("image")
def test_layer_of_another_digest_is_refused(registry: SmallRegistry, store: BlobStore) -> None:
    """A changed layer is not kept, whatever the registry says about it."""
    digest = pull(registry, BlobStore(store.root / "first")).manifest.layers[0].digest
    size = len(registry.blobs[REPOSITORY, digest])
    registry.blobs[REPOSITORY, digest] = b"x" * size
    with pytest.raises(IntegrityError, match=digest):
        pull(registry, store)
    assert not store.path(digest).exists()
    assert not list(store.path("").glob(".*"))


@pytest.mark.usefixtures("image")
def test_endless_layer_is_cut_off(registry: SmallRegistry, store: BlobStore) -> None:
    """What is longer than its descriptor says is not read to its end."""
    layer_digest = pull(registry, BlobStore(store.root / "first")).manifest.layers[0].digest
    registry.blobs[REPOSITORY, layer_digest] = b"x" * (200 << 20)
    with pytest.raises(IntegrityError) as caught:
        pull(registry, store)
    assert int(caught.value.message.split(" of ")[1].split(" bytes")[0]) < 16 << 20


def test_download_that_breaks_off_goes_on_where_it_was(
    registry: SmallRegistry, image: Descriptor, store: BlobStore
) -> None:
    """What has come is not asked for again."""
    digest = pull(registry, BlobStore(store.root / "first")).manifest.layers[0].digest
    content = registry.blobs[REPOSITORY, digest]
    registry.requests.clear()

    def break_off(handler: Handler) -> bool:
        if digest not in handler.path:
            return False
        handler.answer(200, content[:100], Content_Length=str(len(content)))
        handler.close_connection = True
        return True

    registry.faults.append(break_off)
    pulled = pull(registry, store)
    assert pulled.fetch(pulled.manifest.layers[0]).read_bytes() == content
    ranges = [headers.get("Range") for _, path, headers in registry.requests if digest in path]
    assert ranges == [None, "bytes=100-"]
    assert pulled.descriptor.digest == image.digest


@pytest.mark.usefixtures("image")
def test_truncated_layer_is_refused(registry: SmallRegistry, store: BlobStore) -> None:
    """A layer that ends too soon, and says so itself, is not taken."""
    digest = pull(registry, BlobStore(store.root / "first")).manifest.layers[0].digest
    registry.blobs[REPOSITORY, digest] = registry.blobs[REPOSITORY, digest][:-1]
    with pytest.raises(IntegrityError, match=f"instead of {digest}"):
        pull(registry, store)


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_answer_that_passes_is_waited_out(
    registry: SmallRegistry, image: Descriptor, store: BlobStore, status: int
) -> None:
    """A registry that is busy, or about to restart, is asked again, after the time that it says."""
    registry.faults.extend(failing(status, 2))
    assert pull(registry, store).descriptor.digest == image.digest
    assert not registry.faults


@pytest.mark.usefixtures("image")
def test_registry_that_stays_broken_is_given_up(registry: SmallRegistry, store: BlobStore) -> None:
    """After five attempts the error says what it answered."""
    registry.faults.extend(failing(503, 50))
    with pytest.raises(RegistryError, match="the registry answers 503"):
        pull(registry, store)
    assert len(registry.faults) in {45, 46}  # a connection that breaks is an attempt too


def test_token_is_fetched_when_the_registry_asks_for_one(
    registry: SmallRegistry, image: Descriptor, store: BlobStore
) -> None:
    """A stranger gets a token for pulling, once, and shows it from then on; the token server hears what it is for."""
    registry.token = "t0ken"  # noqa: S105 - of a server that ends with the test
    assert pull(registry, store).descriptor.digest == image.digest
    asked = [path for _, path, _ in registry.requests if path.startswith("/token")]
    assert asked == ["/token?service=small&scope=repository%3Ateam%2Fbase%3Apull"]
    refused = [headers for _, path, headers in registry.requests if "Authorization" not in headers]
    assert len(refused) == 2, "the first request and the one for the token"


def test_token_that_has_expired_is_fetched_anew(registry: SmallRegistry, image: Descriptor, store: BlobStore) -> None:
    """A long pull outlives its token, and goes on with the next."""
    registry.token = "t0ken"  # noqa: S105

    def expire(handler: Handler) -> bool:
        if "/blobs/" in handler.path:
            registry.token = "an0ther"  # noqa: S105
            registry.faults.remove(expire)
        return False

    registry.faults.append(expire)
    assert pull(registry, store).descriptor.digest == image.digest
    assert len(registry.methods("/token")) == 2


def test_password_goes_to_the_token_server_alone(registry: SmallRegistry, image: Descriptor, store: BlobStore) -> None:
    """The registry itself sees the token."""
    registry.token, registry.login = "t0ken", USER.basic()
    assert pull(registry, store, user=USER).descriptor.digest == image.digest
    shown = {path.partition("?")[0]: headers.get("Authorization") for _, path, headers in registry.requests}
    assert shown.pop("/token") == USER.basic()
    assert set(shown.values()) == {"Bearer t0ken"}


def test_identity_token_is_exchanged(registry: SmallRegistry, image: Descriptor, store: BlobStore) -> None:
    """A login that left a token instead of a password posts it to the token server (OAuth 2)."""
    registry.token = "t0ken"  # noqa: S105
    scope = "repository%3Ateam%2Fbase%3Apull"
    form = ["client_id=modelpack", "grant_type=refresh_token", "refresh_token=id", f"scope={scope}", "service=small"]
    registry.login = "&".join(form)
    assert pull(registry, store, user=Credentials("", "", "id")).descriptor.digest == image.digest


@pytest.mark.usefixtures("image")
def test_wrong_password_says_who_refused(registry: SmallRegistry, store: BlobStore) -> None:
    """The error shows what the token server says, and not the password."""
    registry.token, registry.login = "t0ken", "Basic other"
    with pytest.raises(RegistryError, match="answers 401: incorrect username or password") as caught:
        pull(registry, store, user=USER)
    assert "s3cret" not in str(caught.value)
    assert "docker login" in str(caught.value.hint)


def test_basic_authentication_is_done_when_it_is_asked_for(
    registry: SmallRegistry, image: Descriptor, store: BlobStore
) -> None:
    """The password is sent after the registry has asked, never before; without one, the refusal is the answer."""

    def ask(handler: Handler) -> bool:
        if handler.headers.get("Authorization") == USER.basic():
            return False
        return handler.answer(401, WWW_Authenticate='Basic realm="here"')

    registry.faults.append(ask)
    assert pull(registry, store, user=USER).descriptor.digest == image.digest
    assert "Authorization" not in registry.requests[0][2]
    registry.faults[:] = [ask]
    with pytest.raises(RegistryError, match="answers 401"):
        pull(registry, store)


def test_password_never_goes_to_a_token_server_over_http(registry: SmallRegistry) -> None:
    """A registry over HTTPS cannot send the password where everyone reads it."""
    from modelpack.images.oci.authentication import Authentication

    transport = Transport(backoff=0)
    registry.token = "t0ken"  # noqa: S105
    refused = transport.request("GET", f"http://{registry.address}/v2/{REPOSITORY}/manifests/1", headers={})
    with pytest.raises(RegistryError, match="no https:// address"):
        Authentication(transport, USER, plain=False).answer(refused, ["repository:x:pull"])
    assert not registry.methods("/token")
    refused.close()
    transport.close()


def test_redirect_to_another_host_carries_no_credentials(
    registry: SmallRegistry, image: Descriptor, store: BlobStore
) -> None:
    """Registries keep layers elsewhere; whoever that is does not get the token."""
    registry.token = "t0ken"  # noqa: S105
    with SmallRegistry().serving() as elsewhere:
        elsewhere.blobs.update(registry.blobs)

        def redirect(handler: Handler) -> bool:
            there = handler.headers.get("Authorization") and "/blobs/" in handler.path
            return bool(there) and handler.answer(307, Location=f"http://{elsewhere.address}{handler.path}")

        registry.faults.extend([redirect] * 2)
        assert pull(registry, store).descriptor.digest == image.digest
        assert len(elsewhere.requests) == 2
        assert all("Authorization" not in headers for _, _, headers in elsewhere.requests)


@pytest.mark.usefixtures("image")
def test_unknown_tag_is_not_found(registry: SmallRegistry, store: BlobStore) -> None:
    """The error names the image and shows what the registry says."""
    with pytest.raises(NotFoundError, match=r"team/base:2: the registry answers 404: manifest unknown"):
        pull(registry, store, ":2")


def test_what_is_no_image_is_refused(registry: SmallRegistry, store: BlobStore) -> None:
    """An image in the format of 2014, and a document that is none, are told from images."""
    registry.tag(REPOSITORY, "old", "application/vnd.docker.distribution.manifest.v1+prettyjws", b"{}")
    with pytest.raises(InvalidArgumentError, match="is no image of a kind that is known"):
        pull(registry, store, ":old")
    registry.tag(REPOSITORY, "odd", OCI_MANIFEST, b'{"schemaVersion": 2}')
    with pytest.raises(InvalidArgumentError, match="is no manifest of an image: config: Field required"):
        pull(registry, store, ":odd")


def test_registry_that_is_not_there_is_named(store: BlobStore) -> None:
    """The error names the host, not the parts of a library."""
    with SmallRegistry().serving() as gone:
        pass
    with pytest.raises(RegistryError, match=f"{gone.address} cannot be reached") as caught:
        pull(gone, store)
    assert "Retry" not in caught.value.message
