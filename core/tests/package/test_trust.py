"""Only the caller decides which models may run code."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from modelpack.errors import InvalidArgumentError, ModelpackWarning, TrustError
from modelpack.package.trust import Trust, TrustStore, authorize, default_store, trust_own

DIGEST = "sha256:" + "a1" * 32
OTHER = "sha256:" + "b2" * 32
REASONS = ["model.pkl is a pickle"]


@pytest.fixture
def store(tmp_path: Path) -> TrustStore:
    """An empty store."""
    return TrustStore(tmp_path / "home" / "trust")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model directory among others."""
    path = tmp_path / "models" / "wine"
    path.mkdir(parents=True)
    return path


def test_a_model_that_runs_no_code_needs_no_trust(store: TrustStore, model: Path) -> None:
    """Without reasons there is nothing to decide, even for a caller who trusts nobody."""
    authorize(DIGEST, model, [], trust=False, store=store)


def test_the_refusal_says_why_and_how_to_allow_it(store: TrustStore, model: Path) -> None:
    """The message holds the reasons and the path; the hint both ways to allow."""
    with pytest.raises(TrustError) as caught:
        authorize(DIGEST, model, ["model.pkl is a pickle", "it has modules"], store=store)
    assert f"{model} would run code from it (model.pkl is a pickle; it has modules)" in caught.value.message
    assert f"modelpack trust {model}" in str(caught.value.hint)
    assert f'trust="{DIGEST}"' in str(caught.value.hint)


def test_the_path_in_the_hint_can_be_pasted(store: TrustStore, tmp_path: Path) -> None:
    """A path with a blank is quoted for the shell."""
    with pytest.raises(TrustError) as caught:
        authorize(DIGEST, tmp_path / "my model", REASONS, store=store)
    assert f"modelpack trust '{tmp_path / 'my model'}'" in str(caught.value.hint)


def test_each_way_to_trust(store: TrustStore, model: Path) -> None:
    """True, the digest, a directory that holds the model, the model itself, and several of those."""
    ways: list[Trust] = [
        True,
        DIGEST,
        DIGEST.upper(),
        str(model.parent),
        model.parent,
        model,
        [OTHER, DIGEST],
        (model,),
    ]
    for trust in ways:
        authorize(DIGEST, model, REASONS, trust=trust, store=store)


def test_other_answers_than_yes_are_no(store: TrustStore, model: Path, tmp_path: Path) -> None:
    """False, another digest, another directory and an empty list refuse, whatever the store says."""
    store.add(DIGEST, model)
    (tmp_path / "models" / "win").mkdir()
    ways: list[Trust] = [False, OTHER, tmp_path / "models" / "win", []]
    for trust in ways:
        with pytest.raises(TrustError):
            authorize(DIGEST, model, REASONS, trust=trust, store=store)


def test_a_link_does_not_bring_a_model_into_a_trusted_directory(store: TrustStore, model: Path, tmp_path: Path) -> None:
    """What counts is where the model really lies."""
    (tmp_path / "trusted").mkdir()
    (tmp_path / "trusted" / "wine").symlink_to(model)
    with pytest.raises(TrustError):
        authorize(DIGEST, tmp_path / "trusted" / "wine", REASONS, trust=tmp_path / "trusted", store=store)


@pytest.mark.parametrize("trust", ["sha256:abc", "no/such/directory", 1, [None]], ids=repr)
def test_a_mistyped_trust_is_an_error(store: TrustStore, model: Path, trust: object) -> None:
    """A digest that is none, or a directory that is not there, is reported instead of meaning no."""
    with pytest.raises(InvalidArgumentError):
        authorize(DIGEST, model, REASONS, trust=trust, store=store)  # type: ignore[arg-type]  # what is tested


def test_a_model_that_was_not_verified_has_no_digest_to_trust(store: TrustStore, model: Path) -> None:
    """Only True and its directory can allow it."""
    for trust in (None, DIGEST):
        with pytest.raises(TrustError):
            authorize("", model, REASONS, trust=trust, store=store)
    authorize("", model, REASONS, trust=True, store=store)


def test_the_store_decides_when_the_caller_says_nothing(store: TrustStore, model: Path) -> None:
    """What was added is trusted, until it is taken out."""
    store.add(DIGEST, model)
    authorize(DIGEST, model, REASONS, store=store)
    assert store.discard(DIGEST)
    assert not store.discard(DIGEST)
    with pytest.raises(TrustError):
        authorize(DIGEST, model, REASONS, store=store)


def test_the_default_store_lies_under_modelpack_home(modelpack_home: Path, model: Path) -> None:
    """A model that was added by one process is trusted by the next."""
    trust_own(DIGEST, model)
    assert default_store().root == modelpack_home / "trust"
    authorize(DIGEST, model, REASONS)


def test_a_store_lists_what_it_trusts(store: TrustStore, model: Path) -> None:
    """Each entry says what, where it stood and when it was added."""
    assert store.entries() == []
    store.add(DIGEST, model)
    (entry,) = store.entries()
    assert (entry.digest, entry.path) == (DIGEST, str(model))
    assert entry.added.endswith("+00:00")


@pytest.mark.skipif(os.name == "nt", reason="the platform has no modes")
def test_a_store_is_private(store: TrustStore, model: Path) -> None:
    """Its directory is 0700 and its files 0600."""
    store.add(DIGEST, model)
    (file,) = store.root.iterdir()
    assert stat.S_IMODE(store.root.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.skipif(os.name == "nt", reason="the platform has no modes")
def test_a_store_that_others_can_write_to_is_not_believed(store: TrustStore, model: Path) -> None:
    """Otherwise they would decide what the user trusts."""
    store.add(DIGEST, model)
    store.root.chmod(0o777)
    with pytest.warns(ModelpackWarning, match="other users can write"), pytest.raises(TrustError):
        authorize(DIGEST, model, REASONS, store=store)


def test_a_digest_cannot_name_a_file_elsewhere(store: TrustStore, model: Path) -> None:
    """What is no digest is neither looked up nor added."""
    assert "sha256:../../etc/passwd" not in store
    with pytest.raises(InvalidArgumentError, match="not the digest"):
        store.add("sha256:../../x", model)


def test_a_store_that_cannot_be_written_is_a_warning(tmp_path: Path, model: Path) -> None:
    """A save in a container with a read-only home still succeeds."""
    (tmp_path / "file").write_text("x")
    with pytest.warns(ModelpackWarning, match="could not be added to your trust store"):
        trust_own(DIGEST, model, TrustStore(tmp_path / "file" / "trust"))


def test_a_user_without_home_can_save(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in containers with an arbitrary user id; nothing is made in the working directory."""
    monkeypatch.delenv("MODELPACK_HOME")
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.chdir(model)
    with pytest.warns(ModelpackWarning, match="this user has no home directory"):
        trust_own(DIGEST, model)
    assert list(model.iterdir()) == []


def test_the_environment_can_name_digests(store: TrustStore, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An image carries the digest that it was built with."""
    monkeypatch.setenv("MODELPACK_TRUST", f"{OTHER}, {DIGEST}")
    authorize(DIGEST, model, REASONS, store=store)
    with pytest.raises(TrustError):
        authorize(DIGEST, model, REASONS, trust=False, store=store)


def test_a_mistyped_variable_is_an_error(store: TrustStore, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names what is no digest; `all` is not offered there."""
    monkeypatch.setenv("MODELPACK_TRUST", "all")
    with pytest.raises(InvalidArgumentError, match="'all' is not the digest"):
        authorize(DIGEST, model, REASONS, store=store)
