"""Loading: verified, trusted, and only then imported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from modelpack.errors import (
    IntegrityError,
    InvalidArgumentError,
    InvalidModelError,
    ModelFailureError,
    ModelpackWarning,
    NotFoundError,
    PluginError,
    TrustError,
)
from modelpack.package.load import load_model, load_native, open_model, pyfunc_flavor_name, trust_reasons
from modelpack.package.manifest import write_manifest
from modelpack.package.save import save_model
from modelpack.package.trust import default_store
from modelpack.pyfunc.load import load_model as load_generic

if TYPE_CHECKING:
    from collections.abc import Callable

    from toylib import ToyModel

    from modelpack.contexts import LoadContext
    from modelpack.plugins.manager import PluginManager


@pytest.fixture
def saved(toy_model: ToyModel, tmp_path: Path, toy_plugins: PluginManager) -> Path:
    """A toy model on disk."""
    return save_model(toy_model, tmp_path / "model", plugins=toy_plugins).path


def _edit(model: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """Change a model's MLmodel file, as another program would, and renew the manifest."""
    content = yaml.safe_load((model / "MLmodel").read_text())
    change(content)
    (model / "MLmodel").write_text(yaml.safe_dump(content))
    write_manifest(model)
    return model


def test_what_was_saved_is_loaded(saved: Path, toy_model: ToyModel, toy_plugins: PluginManager) -> None:
    """By path, text, file URI, and the MLmodel file itself."""
    for uri in (saved, str(saved), f"{saved}/", saved.as_uri(), saved / "MLmodel"):
        assert load_model(uri, plugins=toy_plugins) == toy_model


def test_an_opened_model_is_read_and_verified(saved: Path) -> None:
    """The first stage answers what the model is, and needs no plugin."""
    stored = open_model(saved)
    assert stored.path == saved
    assert stored.digest in default_store()
    assert set(stored.mlmodel.flavors) == {"toy", "python_function"}
    assert open_model(saved, verify=False).digest == ""


@pytest.mark.parametrize("name", ["MLmodel", "model.json", "conda.yaml", "requirements.txt", "python_env.yaml"])
def test_a_flipped_bit_in_any_file_fails_the_load(saved: Path, toy_plugins: PluginManager, name: str) -> None:
    """The error names the file."""
    content = bytearray((saved / name).read_bytes())
    content[len(content) // 2] ^= 1
    (saved / name).write_bytes(content)
    with pytest.raises(IntegrityError, match=f"changed {name}"):
        load_model(saved, trust=True, plugins=toy_plugins)


def test_a_directory_that_is_no_model_is_named(tmp_path: Path) -> None:
    """The error has MLflow's code for it and says what is missing."""
    with pytest.raises(NotFoundError, match=f"{tmp_path} is no model: there is no MLmodel") as caught:
        open_model(tmp_path)
    assert caught.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_a_flavor_that_the_model_has_not_is_named(saved: Path, toy_plugins: PluginManager) -> None:
    """With those that it has."""
    with pytest.raises(NotFoundError, match="no flavor 'sklearn'; it has: python_function, toy"):
        load_model(saved, flavor="sklearn", plugins=toy_plugins)


def test_the_native_flavor_that_is_installed_is_the_default(
    saved: Path, toy_model: ToyModel, toy_plugins: PluginManager
) -> None:
    """Flavors that nothing here knows are passed over (S3)."""
    _edit(saved, lambda content: content["flavors"].update(aaa={"x": 1}))
    assert load_model(saved, plugins=toy_plugins) == toy_model


def test_the_flavor_behind_the_generic_view_is_preferred(
    tmp_path: Path, toy_model: ToyModel, install_flavors: Any, make_flavor: Any
) -> None:
    """Of several native flavors that are installed, whatever their names."""
    plugins = install_flavors(make_flavor("aaa", loader_modules=()))
    path = save_model(toy_model, tmp_path / "model", plugins=plugins).path
    _edit(path, lambda content: content["flavors"].update(aaa={}))
    assert load_model(path, plugins=plugins) == toy_model


def test_a_model_whose_flavor_is_not_installed_says_so(saved: Path, site: Any) -> None:
    """The error is that of the plugin machinery, with the line to install it."""

    def change(content: dict[str, Any]) -> None:
        content["flavors"] = {"xgboost": {}}

    with pytest.raises(PluginError, match="xgboost"):
        load_model(_edit(saved, change), plugins=site.plugins())


def test_a_model_without_flavors_is_refused(saved: Path, toy_plugins: PluginManager) -> None:
    """There is nothing to load."""
    with pytest.raises(InvalidModelError, match="flavor"):
        load_model(_edit(saved, lambda content: content.update(flavors={})), plugins=toy_plugins)


def test_a_malformed_conf_is_named(saved: Path, toy_plugins: PluginManager) -> None:
    """The flavor, the key and what is wrong with it."""
    _edit(saved, lambda content: content["flavors"]["toy"].update(digits="many"))
    with pytest.raises(InvalidModelError, match=r"'toy'.*digits"):
        load_model(saved, plugins=toy_plugins)


@pytest.fixture
def saved_elsewhere(toy_model: ToyModel, tmp_path: Path, risky: tuple[Path, PluginManager]) -> Path:
    """A toy model beside the risky one."""
    return save_model(toy_model, tmp_path / "safe", plugins=risky[1]).path


# --- trust -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def risky(tmp_path: Path, install_flavors: Any, make_flavor: Any, toy_model: ToyModel) -> tuple[Path, PluginManager]:
    """A model of somebody else whose flavor runs code, and which notices when it is loaded."""
    loaded = tmp_path / "it-ran"

    def load(_self: object, context: object) -> str:  # noqa: ARG001 - the hook's name
        loaded.touch()
        return "loaded"

    flavor = make_flavor("risky", executes_code=lambda _, conf: f"{conf.data} is a pickle", modelpack_load_model=load)
    plugins: PluginManager = install_flavors(flavor)
    info = save_model(toy_model, tmp_path / "model", flavor="risky", plugins=plugins)
    default_store().discard(info.digest)
    return info.path, plugins


def test_a_model_that_runs_code_is_refused_before_anything_of_it_runs(
    risky: tuple[Path, PluginManager], tmp_path: Path
) -> None:
    """P1: the error says why, and how to allow it."""
    path, plugins = risky
    with pytest.raises(TrustError, match=r"model\.json is a pickle") as caught:
        load_model(path, plugins=plugins)
    assert f"modelpack trust {path}" in str(caught.value.hint)
    assert not (tmp_path / "it-ran").exists()


def test_the_reasons_can_be_asked_for(risky: tuple[Path, PluginManager], saved_elsewhere: Path) -> None:
    """Before anything is loaded, for each view; the generic one answers for the flavor behind it."""
    path, plugins = risky
    for name in ("risky", "python_function"):
        assert trust_reasons(open_model(path), name, plugins) == ["model.json is a pickle"]
        assert trust_reasons(open_model(saved_elsewhere), name.replace("risky", "toy"), plugins) == []


def test_the_caller_can_allow_it(risky: tuple[Path, PluginManager]) -> None:
    """By True, digest, directory, or once for all in the store."""
    path, plugins = risky
    digest = open_model(path).digest
    for trust in (True, digest, path.parent):
        assert load_model(path, trust=trust, plugins=plugins) == "loaded"
    default_store().add(digest, path)
    assert load_model(path, plugins=plugins) == "loaded"
    with pytest.raises(TrustError):
        load_model(path, trust=False, plugins=plugins)


def test_a_trusted_model_that_was_changed_is_not_trusted(risky: tuple[Path, PluginManager]) -> None:
    """Trust is in the digest, so a new manifest for new content needs new trust."""
    path, plugins = risky
    default_store().add(open_model(path).digest, path)
    (path / "model.json").write_text("other")
    write_manifest(path)
    with pytest.raises(TrustError):
        load_model(path, plugins=plugins)


def test_nothing_in_the_model_has_an_influence_on_trust(risky: tuple[Path, PluginManager]) -> None:
    """GHSA-w582-9x45-8mpx: whatever it claims, the caller decides."""
    path, plugins = risky
    claims = {"trust": True, "trusted": True, "MODELPACK_TRUST": "all"}

    def claim(content: dict[str, Any]) -> None:
        content.update(claims, metadata=claims)
        content["flavors"]["risky"].update(claims)
        content["flavors"]["python_function"].update(claims)

    with pytest.raises(TrustError):
        load_model(_edit(path, claim), plugins=plugins)


def test_a_manifest_that_leaves_a_file_out_does_not_hide_it(risky: tuple[Path, PluginManager]) -> None:
    """A model that carries more than its manifest says does not load, even when the manifest is trusted."""
    path, plugins = risky
    default_store().add(open_model(path).digest, path)
    (path / "more.py").write_text("")
    with pytest.raises(IntegrityError, match=r"added more\.py"):
        load_model(path, plugins=plugins)


@pytest.mark.parametrize("views", [["python_function"], ["toy"]], ids=["generic", "native"])
def test_a_code_directory_needs_trust(saved: Path, toy_plugins: PluginManager, views: list[str]) -> None:
    """Its modules could be imported, whichever view names it and whatever the flavor says."""
    (saved / "code").mkdir()
    (saved / "code" / "helper.py").write_text("")

    def name_it(content: dict[str, Any]) -> None:
        for view in views:
            content["flavors"][view]["code"] = "code"

    with pytest.raises(TrustError, match="the modules in its code directory"):
        load_model(_edit(saved, name_it), plugins=toy_plugins)


def test_a_flavor_may_ask_for_trust_when_it_looks_into_a_file(
    tmp_path: Path, install_flavors: Any, make_flavor: Any, toy_model: ToyModel
) -> None:
    """`context.require_trust` is the same choke point."""

    def load(_self: object, context: Any) -> str:
        context.require_trust("the file holds a lambda")
        return "loaded"

    plugins = install_flavors(make_flavor("late", modelpack_load_model=load))
    path = save_model(toy_model, tmp_path / "model", flavor="late", plugins=plugins).path
    assert load_model(path, plugins=plugins) == "loaded"
    with pytest.raises(TrustError, match="the file holds a lambda"):
        load_model(path, trust=False, plugins=plugins)


@pytest.mark.parametrize("code", ["../outside", "/etc", "C:\\code", "code\\sub", "link"])
def test_a_code_directory_outside_the_model_is_refused(saved: Path, toy_plugins: PluginManager, code: str) -> None:
    """P15: traversal, absolute paths, drives, back-slashes, and links that lead out."""
    (saved.parent / "outside").mkdir()
    if code == "link":
        (saved / "link").symlink_to(saved.parent / "outside")
    with pytest.raises(InvalidModelError):
        load_model(_edit_unchecked(saved, code), trust=True, plugins=toy_plugins)


def _edit_unchecked(model: Path, code: str) -> Path:
    content = yaml.safe_load((model / "MLmodel").read_text())
    content["flavors"]["python_function"]["code"] = code
    (model / "MLmodel").write_text(yaml.safe_dump(content))
    (model / "MANIFEST.sha256").unlink()
    return model


# --- versions --------------------------------------------------------------------------------------------------------


def _saved_with_python(saved: Path, version: str | None) -> Path:
    return _edit(saved, lambda content: content["flavors"]["python_function"].update(python_version=version))


def test_a_different_python_is_a_warning(saved: Path, toy_plugins: PluginManager) -> None:
    """S27: major and minor count, both versions are named."""
    with pytest.warns(ModelpackWarning, match=r"saved with Python 3\.7\.1, and this is Python 3\."):
        load_model(_saved_with_python(saved, "3.7.1"), plugins=toy_plugins)


def test_an_unrecorded_python_is_a_warning(saved: Path, toy_plugins: PluginManager) -> None:
    """S27: it says that the model does not say."""
    with pytest.warns(ModelpackWarning, match="does not say with which version of Python"):
        load_model(_saved_with_python(saved, None), plugins=toy_plugins)


def test_another_micro_version_is_no_difference(saved: Path, toy_plugins: PluginManager) -> None:
    """S27: silent, even where differences are errors."""
    import sys

    version = f"{sys.version_info.major}.{sys.version_info.minor}.999"
    load_model(_saved_with_python(saved, version), versions="error", plugins=toy_plugins)


def test_the_policy_decides_about_differences(saved: Path, toy_plugins: PluginManager) -> None:
    """P10: `ignore` keeps silent, `error` refuses, anything else is a mistake."""
    _saved_with_python(saved, "3.7.1")
    load_model(saved, versions="ignore", plugins=toy_plugins)
    with pytest.raises(ModelFailureError, match=r"saved with Python 3\.7\.1"):
        load_model(saved, versions="error", plugins=toy_plugins)
    with pytest.raises(InvalidArgumentError, match="versions is 'loud'"):
        load_model(saved, versions="loud", plugins=toy_plugins)  # type: ignore[arg-type]  # what is tested


@pytest.mark.parametrize(
    ("recorded", "message"), [("1.0", r"toylib 1\.0, and 1\.2\.3"), (None, "does not say with which version of toylib")]
)
def test_a_different_library_is_a_warning(
    saved: Path, toy_plugins: PluginManager, recorded: str | None, message: str
) -> None:
    """S42: what `context.check_version` compares follows the same policy."""
    _edit(saved, lambda content: content["flavors"]["toy"].update(toy_version=recorded))
    with pytest.warns(ModelpackWarning, match=message):
        load_model(saved, plugins=toy_plugins)


# --- the generic view ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loader", "name"),
    [
        ("toy_flavor", "toy"),
        ("mlflow.toy", "toy"),
        ("mlflow.pyfunc.model", "python_function"),
        ("wrapper", "python_function"),
        ("mlflow.absent", "absent"),
    ],
)
def test_the_loader_module_tells_whose_the_generic_view_is(
    saved: Path, toy_plugins: PluginManager, loader: str, name: str
) -> None:
    """A native flavor of the model, installed or not, or else `python_function`."""

    def change(content: dict[str, Any]) -> None:
        content["flavors"]["python_function"]["loader_module"] = loader
        content["flavors"]["absent"] = {}

    assert pyfunc_flavor_name(open_model(_edit(saved, change)), toy_plugins) == name


def test_a_broken_plugin_disturbs_only_its_own_models(
    tmp_path: Path, toy_model: ToyModel, install_flavors: Any, make_flavor: Any
) -> None:
    """A further flavor of the model, whose plugin is broken, is passed over where another claims the loader module."""
    plugins = install_flavors(make_flavor("aaa", loader_modules=3))
    path = save_model(toy_model, tmp_path / "model", plugins=plugins).path
    _edit(path, lambda content: content["flavors"].update(aaa={}))
    assert load_model(path, plugins=plugins) == toy_model
    _edit(path, lambda content: content["flavors"]["python_function"].update(loader_module="unclaimed"))
    with pytest.raises(PluginError, match="modelpack-flavor-aaa"):
        load_model(path, plugins=plugins)


def test_a_loaded_flavor_comes_with_its_context(saved: Path, toy_model: ToyModel, toy_plugins: PluginManager) -> None:
    """What the generic view is adapted from: conf, generic conf, signature and options."""
    stored = open_model(saved)
    flavor, native, context = load_native(stored, "toy", plugins=toy_plugins, options={"device": "cpu"})
    assert (flavor.name, native) == ("toy", toy_model)
    assert context.conf.data == context.pyfunc_conf["data"] == "model.json"
    assert context.options.device == "cpu"
    assert json.loads(context.file("model.json").read_text())["bias"] == 1.0


@pytest.mark.parametrize(
    ("options", "message"),
    [({"devcie": "gpu"}, "did you mean 'device'"), ({"device": "tpu"}, "the option 'device' is 'tpu'")],
    ids=["unknown", "wrong value"],
)
def test_load_options_are_checked(
    saved: Path, toy_plugins: PluginManager, options: dict[str, Any], message: str
) -> None:
    """A misspelt device must not go unnoticed."""
    with pytest.raises(InvalidArgumentError, match=message) as raised:
        load_model(saved, plugins=toy_plugins, **options)
    assert "load options of the flavor 'toy': device" in str(raised.value)


def test_a_load_that_fails_names_the_plugin(saved: Path, toy_plugins: PluginManager) -> None:
    """A file that the library cannot read is the model's failure, not a bug here."""
    (saved / "model.json").write_text("{")
    write_manifest(saved)
    with pytest.raises(ModelFailureError):
        load_model(saved, plugins=toy_plugins)


def test_the_working_directory_is_nothing_special(
    saved: Path, toy_model: ToyModel, toy_plugins: PluginManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative path means the directory of the caller."""
    monkeypatch.chdir(saved.parent)
    assert load_model("model", plugins=toy_plugins) == toy_model
    monkeypatch.chdir(saved)
    assert load_model(".", plugins=toy_plugins) == toy_model
    assert load_model(Path(), plugins=toy_plugins) == toy_model


def test_generic_view_may_be_made_of_other_files(
    tmp_path: Path, toy_model: ToyModel, install_flavors: Any, make_flavor: Any
) -> None:
    """A flavor says so; it is told when that view alone is wanted, and asks for no more trust than what runs then."""
    told = []

    def load(_flavor: Any, context: LoadContext[Any]) -> Any:
        told.append(context.generic)
        return toy_model

    facts = {"executes_code": lambda *_: "it runs", "pyfunc_executes_code": lambda *_: None}
    plugins = install_flavors(make_flavor("risky", modelpack_load_model=load, loader_modules=("risky",), **facts))
    path = save_model(toy_model, tmp_path / "model", flavor="risky", plugins=plugins).path
    load_generic(path, trust=False, plugins=plugins)
    with pytest.raises(TrustError, match="it runs"):
        load_model(path, trust=False, plugins=plugins)
    load_model(path, trust=True, plugins=plugins)
    assert told == [True, False]
    stored = open_model(path)
    assert [trust_reasons(stored, name, plugins) for name in ("python_function", "risky")] == [[], ["it runs"]]
