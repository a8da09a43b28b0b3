from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from modelpack.contexts import LoadContext
from modelpack.errors import ModelFailureError, PluginError, TrustError
from modelpack.plugins import dispatch

if TYPE_CHECKING:
    from pathlib import Path

    from site_packages import SitePackages

    from modelpack.plugins.manager import PluginManager

HEAD = "from modelpack import hookimpl\nfrom modelpack.errors import ModelpackError, TrustError\nseen = []\n"


def install_wrapper(site: SitePackages, text: str, name: str = "audit") -> None:
    """Install a module as a wrapper, version 4.2."""
    files = {f"{name}_wrapper.py": HEAD + text}
    site.install(f"acme-{name}", {"modelpack.plugins": {name: f"{name}_wrapper"}}, files=files, version="4.2")


def load_toy(plugins: PluginManager, path: Path, name: str = "toy") -> Any:
    """Load a model with the toy flavor or one made of it, wrappers and all."""
    (path / "model.json").write_text('{"weights": {"x": 1.0}}', encoding="utf-8")
    flavor = plugins.flavor(name)

    def ignore(*_: object) -> None:
        pass

    context: LoadContext[Any] = LoadContext(
        path=path, conf=flavor.conf_type(), require_trust=ignore, check_version=ignore
    )
    return dispatch.load_model(plugins, flavor, context)


@pytest.fixture
def toy_site(site: SitePackages) -> SitePackages:
    """Where the toy flavor is installed, and wrappers can be."""
    site.install_toy()
    return site


def test_a_wrapper_sees_the_answer_and_may_replace_it(toy_site: SitePackages, tmp_path: Path) -> None:
    """What it returns is what the caller gets."""
    text = "@hookimpl(wrapper=True)\ndef modelpack_load_model(context):\n    return ('seen', (yield))\n"
    install_wrapper(toy_site, text)
    label, model = load_toy(toy_site.plugins(), tmp_path)
    assert label == "seen"
    assert model.weights == {"x": 1.0}


def test_a_wrapper_refuses_an_operation(toy_site: SitePackages, tmp_path: Path) -> None:
    """Its error reaches the caller as it is, and the flavor is not called."""
    text = "@hookimpl(wrapper=True)\ndef modelpack_load_model(context):\n    raise TrustError('not here')\n    yield\n"
    install_wrapper(toy_site, text)
    with pytest.raises(TrustError, match="not here"):
        load_toy(toy_site.plugins(), tmp_path)


def test_a_wrapper_sees_a_flavors_failure_in_words(site: SitePackages, tmp_path: Path) -> None:
    """It meets a ModelpackError, whatever the library raised."""
    site.install_flavor("odd", "@hookimpl\ndef modelpack_load_model(self, context):\n    raise ZeroDivisionError")
    text = (
        "@hookimpl(wrapper=True)\ndef modelpack_load_model(context):\n"
        "    try:\n        return (yield)\n    except ModelpackError as error:\n"
        "        seen.append(error)\n        raise\n"
    )
    install_wrapper(site, text)
    with pytest.raises(ModelFailureError):
        load_toy(site.plugins(), tmp_path, "odd")
    import audit_wrapper  # type: ignore[import-not-found]  # installed by this test

    assert [type(error) for error in audit_wrapper.seen] == [ModelFailureError]


def test_the_first_wrapper_by_name_is_the_outermost(toy_site: SitePackages, tmp_path: Path) -> None:
    """The order does not depend on the order of installation."""
    text = "@hookimpl(wrapper=True)\ndef modelpack_load_model(context):\n    return ('{0}', (yield))\n"
    for name in ("beta", "alpha"):
        install_wrapper(toy_site, text.format(name), name)
    outer, (inner, _) = load_toy(toy_site.plugins(), tmp_path)
    assert (outer, inner) == ("alpha", "beta")


def test_two_wrappers_of_one_name_both_run(toy_site: SitePackages, tmp_path: Path) -> None:
    """Wrappers are not chosen by name, so none is left out for having another's."""
    for name in ("one", "two"):
        module = f"{name}_wrapper"
        text = HEAD + "@hookimpl(wrapper=True)\ndef modelpack_load_model(context):\n    return [(yield)]\n"
        toy_site.install(f"acme-{name}", {"modelpack.plugins": {"audit": module}}, files={f"{module}.py": text})
    [[model]] = load_toy(toy_site.plugins(), tmp_path)
    assert model.weights == {"x": 1.0}


def test_an_object_may_be_a_wrapper(toy_site: SitePackages, tmp_path: Path) -> None:
    """A module is not the only form."""
    text = (
        HEAD + "class Audit:\n    @hookimpl(wrapper=True)\n    def modelpack_load_model(self):\n"
        "        return [(yield)]\n\naudit = Audit()\n"
    )
    toy_site.install("acme", {"modelpack.plugins": {"audit": "audit_object:audit"}}, files={"audit_object.py": text})
    assert len(load_toy(toy_site.plugins(), tmp_path)) == 1


def test_a_dropped_answer_is_the_wrappers_fault(toy_site: SitePackages, tmp_path: Path) -> None:
    """A wrapper without `return (yield)` is named, and not the flavor that answered."""
    install_wrapper(toy_site, "@hookimpl(wrapper=True)\ndef modelpack_load_model(context):\n    yield\n")
    with pytest.raises(
        PluginError, match=r"dropped the answer .* its wrappers: wrapper 'audit' \(acme-audit 4\.2\)"
    ) as e:
        load_toy(toy_site.plugins(), tmp_path)
    assert "return (yield)" in str(e.value.hint)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("raise OSError('no disk')", "could not be imported .* OSError: no disk"),
        ("", "it has no hooks"),
        ("@hookimpl\ndef modelpack_load_model(context): ...", "modelpack_load_model is no wrapper"),
        ("@hookimpl(wrapper=True)\ndef modelpack_load_model(context): ...", "not a generator function"),
        ("@hookimpl(wrapper=True)\ndef modelpack_load_model(kontext): yield", "takes 'kontext'.*mean 'context'"),
        ("@hookimpl(wrapper=True)\ndef modelpack_load(context): yield", "modelpack_load is no hook; did you mean"),
    ],
    ids=["import", "no hooks", "no wrapper", "no generator", "wrong argument", "no such hook"],
)
def test_a_broken_wrapper_stops_every_operation(toy_site: SitePackages, tmp_path: Path, text: str, fault: str) -> None:
    """Its name, its distribution and the way round it are told; without it an audit would be missing unnoticed."""
    install_wrapper(toy_site, text)
    with pytest.raises(PluginError, match=rf"(?s)wrapper 'audit' \(acme-audit 4\.2\) .*{fault}") as caught:
        load_toy(toy_site.plugins(), tmp_path)
    assert "uninstall acme-audit" in str(caught.value.hint)
    assert "MODELPACK_DISABLE_PLUGINS=audit" in str(caught.value.hint)


def test_a_wrapper_class_is_told_from_its_instance(toy_site: SitePackages, tmp_path: Path) -> None:
    """As for flavors."""
    text = HEAD + "class Audit: ...\n"
    toy_site.install("acme", {"modelpack.plugins": {"audit": "audit_class:Audit"}}, files={"audit_class.py": text})
    with pytest.raises(PluginError, match=r"is the class Audit, not an instance of it: forgot the \(\)\?"):
        load_toy(toy_site.plugins(), tmp_path)


def test_a_broken_wrapper_is_tried_again(toy_site: SitePackages, tmp_path: Path) -> None:
    """A second operation is stopped as well."""
    install_wrapper(toy_site, "raise OSError")
    plugins = toy_site.plugins()
    for _ in range(2):
        with pytest.raises(PluginError, match="wrapper 'audit'"):
            load_toy(plugins, tmp_path)


def test_a_broken_wrapper_can_be_disabled(toy_site: SitePackages, tmp_path: Path) -> None:
    """The way out that the hint names."""
    install_wrapper(toy_site, "raise OSError")
    assert load_toy(toy_site.plugins({"MODELPACK_DISABLE_PLUGINS": "acme-audit"}), tmp_path)


def test_wrappers_are_not_imported_before_the_first_operation(toy_site: SitePackages) -> None:
    """Listing plugins, loading a flavor and finding one for a model leave a broken wrapper alone."""
    install_wrapper(toy_site, "raise OSError")
    plugins = toy_site.plugins()
    assert [record.name for record in plugins.records("wrapper")] == ["audit"]
    assert plugins.flavor("toy").name == "toy"
