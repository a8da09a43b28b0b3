from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from modelpack.contexts import DeployContext, LoadContext, SaveContext
from modelpack.deployments.records import Deployment, DeployRequest, Plan, Step
from modelpack.errors import InvalidArgumentError, MissingDependencyError, ModelFailureError, PluginError
from modelpack.hookspecs import hookimpl
from modelpack.interfaces import FlavorConf, PluginOptions, Target
from modelpack.plugins import dispatch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from site_packages import SitePackages
    from toy_flavor import ToyFlavor
    from toylib import ToyModel

    from modelpack.interfaces import Flavor
    from modelpack.plugins.manager import PluginManager


class ShelfTarget(Target[PluginOptions]):
    """A target that keeps models on a shelf."""

    name = "shelf"
    options_type = PluginOptions

    def plan(self, request: DeployRequest[PluginOptions]) -> Plan:
        """One step."""
        return Plan((Step("create", request.name),))

    @hookimpl
    def modelpack_deploy(self, context: DeployContext[PluginOptions]) -> Deployment:
        """Say what is done, and fail for a model that is not there."""
        context.progress(f"{len(context.plan.steps)} step")
        if not context.request.model_path.exists():
            raise FileNotFoundError(context.request.model_path.name)
        return Deployment(name=context.request.name, state="ready")

    def get(self, name: str, options: PluginOptions) -> Deployment:  # noqa: ARG002 - as in the interface
        """Nothing is kept."""
        return Deployment(name=name, state="absent")

    def list(self, options: PluginOptions) -> Sequence[Deployment]:  # noqa: ARG002 - as in the interface
        """Nothing is kept."""
        return []

    def delete(self, name: str, options: PluginOptions) -> None:
        """Nothing is kept."""

    def invoke(self, name: str, body: bytes, content_type: str, options: PluginOptions) -> bytes:  # noqa: ARG002 - as in the interface
        """Echo."""
        return body


def ignore(*_: object) -> None:
    """A callback that does nothing."""


def save_context(flavor: Flavor[Any, Any], path: Path, **options: Any) -> SaveContext[Any]:
    """What core hands to a save."""
    return SaveContext(path=path, options=dispatch.validated_options(flavor, options))


def load_context(conf: FlavorConf, path: Path) -> LoadContext[Any]:
    """What core hands to a load."""
    return LoadContext(path=path, conf=conf, require_trust=ignore, check_version=ignore)


def test_modelpack_save_model_writes_and_describes(
    toy_plugins: PluginManager, toy_model: ToyModel, tmp_path: Path
) -> None:
    """The flavor writes its file and answers its conf."""
    flavor = toy_plugins.flavor("toy")
    conf = dispatch.save_model(toy_plugins, flavor, toy_model, save_context(flavor, tmp_path, suffix="toy"))
    assert conf.model_dump() == {"data": "model.toy", "toy_version": "1.2.3", "digits": None}
    assert (tmp_path / "model.toy").exists()


def test_modelpack_load_model_reads_it_back(toy_plugins: PluginManager, toy_model: ToyModel, tmp_path: Path) -> None:
    """What was saved is loaded."""
    flavor = toy_plugins.flavor("toy")
    conf = dispatch.save_model(toy_plugins, flavor, toy_model, save_context(flavor, tmp_path))
    assert dispatch.load_model(toy_plugins, flavor, load_context(conf, tmp_path)) == toy_model


def test_modelpack_pyfunc_adapt_answers_a_predictor(
    toy_plugins: PluginManager, toy_model: ToyModel, tmp_path: Path
) -> None:
    """The predictor scores, with params."""
    flavor = toy_plugins.flavor("toy")
    context = load_context(flavor.conf_type(), tmp_path)
    predictor = dispatch.pyfunc_adapt(toy_plugins, flavor, toy_model, context)
    assert predictor.predict([{"x": 1.0, "y": 2.0}], {"scale": 10}).tolist() == [40.0]


def test_modelpack_deploy_applies_a_plan(toy_plugins: PluginManager, tmp_path: Path) -> None:
    """The target sees request and plan, and tells its progress."""
    target, told = ShelfTarget(), list[str]()
    request = DeployRequest(name="churn", model_path=tmp_path, digest="sha256:0", options=PluginOptions())
    context = DeployContext(request=request, plan=target.plan(request), progress=told.append)
    assert dispatch.deploy(toy_plugins, target, context) == Deployment(name="churn", state="ready")
    assert told == ["1 step"]


def test_a_targets_failure_names_the_target(toy_plugins: PluginManager, tmp_path: Path) -> None:
    """It is no failure of the model."""
    target = ShelfTarget()
    request = DeployRequest(name="n", model_path=tmp_path / "gone", digest="sha256:0", options=PluginOptions())
    context = DeployContext(request=request, plan=Plan(), progress=ignore)
    with pytest.raises(PluginError, match=r"target 'shelf' .* could not apply the plan: FileNotFoundError: gone"):
        dispatch.deploy(toy_plugins, target, context)


def test_only_the_named_flavor_is_asked(
    install_flavors: Callable[..., PluginManager], make_flavor: Callable[..., Flavor[Any, Any]], tmp_path: Path
) -> None:
    """Others that are loaded do not answer, whatever the order in which they were loaded."""
    plugins = install_flavors(*(make_flavor(name, modelpack_load_model=_says(name)) for name in ("a", "b", "c")))
    context = load_context(FlavorConf(), tmp_path)
    flavors = [plugins.flavor(name) for name in ("b", "c", "a")]
    assert [dispatch.load_model(plugins, flavor, context) for flavor in flavors] == ["b", "c", "a"]


def test_a_flavor_loaded_during_a_call_does_not_answer_it(
    install_flavors: Callable[..., PluginManager], make_flavor: Callable[..., Flavor[Any, Any]], tmp_path: Path
) -> None:
    """A flavor may use another one for a part of its model."""

    def load(_self: object, context: LoadContext[Any]) -> Any:
        return "outer", dispatch.load_model(plugins, plugins.flavor("inner"), context)

    plugins = install_flavors(
        make_flavor("inner", modelpack_load_model=_says("inner")), make_flavor("outer", modelpack_load_model=load)
    )
    loaded = dispatch.load_model(plugins, plugins.flavor("outer"), load_context(FlavorConf(), tmp_path))
    assert loaded == ("outer", "inner")


def test_threads_that_load_flavors_get_their_own_answers(
    install_flavors: Callable[..., PluginManager], make_flavor: Callable[..., Flavor[Any, Any]], tmp_path: Path
) -> None:
    """A flavor that another thread loads between a call's narrowing and its execution does not answer."""
    names = [f"f{number}" for number in range(40)]
    plugins = install_flavors(*(make_flavor(name, modelpack_load_model=_says(name)) for name in names))
    context = load_context(FlavorConf(), tmp_path)
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda name: dispatch.load_model(plugins, plugins.flavor(name), context), names)
    assert list(answers) == names


@pytest.mark.parametrize("hook", ["modelpack_save_model", "modelpack_load_model", "modelpack_pyfunc_adapt"])
def test_none_is_no_answer(
    toy_plugins: PluginManager, make_flavor: Callable[..., Flavor[Any, Any]], tmp_path: Path, hook: str
) -> None:
    """The error names plugin and hook; no other flavor is asked instead."""
    flavor = make_flavor("mute", **{hook: lambda self: None})  # noqa: ARG005 - a method
    match = rf"flavor 'mute' \(modelpack-flavor-mute not installed\) answered None from {hook}"
    with pytest.raises(PluginError, match=match):
        call(toy_plugins, flavor, hook, tmp_path)


@pytest.mark.parametrize(
    ("hook", "task"),
    [
        ("modelpack_save_model", "save the model"),
        ("modelpack_load_model", "load the model"),
        ("modelpack_pyfunc_adapt", "make a predictor of the model"),
    ],
)
def test_a_librarys_error_becomes_one_of_modelpack(
    toy_plugins: PluginManager, make_flavor: Callable[..., Flavor[Any, Any]], tmp_path: Path, hook: str, task: str
) -> None:
    """Plugin, task and cause are told, and the cause stays for a traceback."""
    flavor = make_flavor("sick", **{hook: _raises(ZeroDivisionError("by zero"))})
    with pytest.raises(ModelFailureError, match=f"flavor 'sick' .* could not {task}: ZeroDivisionError: by zero") as e:
        call(toy_plugins, flavor, hook, tmp_path)
    assert isinstance(e.value.__cause__, ZeroDivisionError)


def test_an_error_of_modelpack_stays_as_it_is(
    toy_plugins: PluginManager, make_flavor: Callable[..., Flavor[Any, Any]], tmp_path: Path
) -> None:
    """What a flavor says in the words of modelpack is not said again in others."""
    error = InvalidArgumentError("wrong model", hint="another")
    flavor = make_flavor("strict", modelpack_save_model=_raises(error))
    with pytest.raises(InvalidArgumentError) as caught:
        call(toy_plugins, flavor, "modelpack_save_model", tmp_path)
    assert caught.value is error


def test_a_missing_library_is_named_with_the_pip_line(site: SitePackages, tmp_path: Path) -> None:
    """A flavor imports its library in its methods and need not say itself that it is missing."""
    body = "@hookimpl\ndef modelpack_load_model(self, context):\n    import a_missing_library.sub"
    site.install_flavor("far", body)
    plugins = site.plugins()
    with pytest.raises(MissingDependencyError) as caught:
        call(plugins, plugins.flavor("far"), "modelpack_load_model", tmp_path)
    assert caught.value.message == (
        "flavor 'far' (modelpack-flavor-far 1.0) could not load the model: "
        "the module 'a_missing_library' is not installed"
    )
    assert "`pip install modelpack-flavor-far`" in str(caught.value.hint)
    assert "code_paths" in str(caught.value.hint)


@pytest.mark.parametrize(
    "answer",
    [{"data": "d", "extra": [1, {"a": None}]}, FlavorConf.model_validate({"data": "d", "extra": [1, {"a": None}]})],
)
def test_a_conf_may_be_a_mapping(
    toy_plugins: PluginManager, make_flavor: Callable[..., Flavor[Any, Any]], tmp_path: Path, answer: Any
) -> None:
    """It is read as the flavor's conf type, and keys that the type does not know are kept."""
    flavor = make_flavor("plain", modelpack_save_model=lambda self: answer)  # noqa: ARG005 - a method
    conf = dispatch.save_model(toy_plugins, flavor, None, save_context(flavor, tmp_path))
    assert isinstance(conf, flavor.conf_type)
    assert conf.model_dump()["extra"] == [1, {"a": None}]


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ("model.json", "answered from modelpack_save_model a str"),
        ({"digits": "many"}, r"what is no ToyConf: digits: Input should be a valid integer"),
        ({"where": Path("x")}, r"a conf whose 'where' is a pathlib\.[\w.]*Path"),
        ({"scores": [1, {"best": {2}}]}, r"a conf whose 'scores\[1\]\.best' is a builtins\.set"),
        ({"classes": {1: "one"}}, r"a conf whose 'classes\.1' is a builtins\.int"),
    ],
)
def test_a_conf_that_mlmodel_cannot_hold_is_refused(
    toy_plugins: PluginManager, make_flavor: Callable[..., Flavor[Any, Any]], tmp_path: Path, answer: Any, fault: str
) -> None:
    """The error names the plugin, the key and the type, before anything is written."""
    flavor = make_flavor("odd", modelpack_save_model=lambda self: answer)  # noqa: ARG005 - a method
    with pytest.raises(PluginError, match=rf"flavor 'odd' .*{fault}"):
        dispatch.save_model(toy_plugins, flavor, None, save_context(flavor, tmp_path))


def test_numbers_of_numpy_are_no_plain_values(
    toy_plugins: PluginManager, make_flavor: Callable[..., Flavor[Any, Any]], tmp_path: Path
) -> None:
    """`numpy.float64` is a float to Python and an unknown object to YAML."""
    numpy = pytest.importorskip("numpy")
    flavor = make_flavor("odd", modelpack_save_model=lambda self: {"score": numpy.float64(1)})  # noqa: ARG005 - a method
    with pytest.raises(PluginError, match=r"'score' is a numpy\.float64"):
        dispatch.save_model(toy_plugins, flavor, None, save_context(flavor, tmp_path))


def test_what_cannot_predict_is_no_predictor(
    toy_plugins: PluginManager, make_flavor: Callable[..., Flavor[Any, Any]], tmp_path: Path
) -> None:
    """It is refused when the model is loaded, not at the first prediction."""
    flavor = make_flavor("odd", modelpack_pyfunc_adapt=lambda self, model: model)  # noqa: ARG005 - a method
    with pytest.raises(PluginError, match=r"flavor 'odd' .* answered a dict from modelpack_pyfunc_adapt, .*no predict"):
        dispatch.pyfunc_adapt(toy_plugins, flavor, {}, load_context(FlavorConf(), tmp_path))


def test_no_call_is_traced_unless_it_is_asked_for(
    toy_plugins: PluginManager, toy_flavor: ToyFlavor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Standard error stays quiet."""
    call(toy_plugins, toy_flavor, "modelpack_pyfunc_adapt", tmp_path)
    assert capsys.readouterr().err == ""


def test_calls_are_traced_with_plugin_and_duration(
    site: SitePackages, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`MODELPACK_TRACE_HOOKS=1` prints one line for each call."""
    site.install_toy()
    plugins = site.plugins({"MODELPACK_TRACE_HOOKS": "1"})
    call(plugins, plugins.flavor("toy"), "modelpack_pyfunc_adapt", tmp_path)
    (line,) = capsys.readouterr().err.splitlines()
    start = "modelpack: modelpack_pyfunc_adapt of flavor 'toy' (modelpack-flavor-toy 1.2.3) took "
    assert line.startswith(start)
    duration, unit = line.removeprefix(start).split()
    assert float(duration) >= 0
    assert unit == "ms"


def test_a_failed_call_is_traced_with_its_error(
    site: SitePackages, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The trace says which call failed, and with what."""
    site.install_toy()
    plugins = site.plugins({"MODELPACK_TRACE_HOOKS": "1"})
    with pytest.raises(InvalidArgumentError):
        call(plugins, plugins.flavor("toy"), "modelpack_save_model", tmp_path)
    assert capsys.readouterr().err.endswith(" raised InvalidArgumentError\n")


def call(plugins: PluginManager, flavor: Flavor[Any, Any], hook: str, path: Path) -> object:
    """Call a hook of a flavor for a model that is None."""
    if hook == "modelpack_save_model":
        return dispatch.save_model(plugins, flavor, None, save_context(flavor, path))
    context = load_context(flavor.conf_type(), path)
    if hook == "modelpack_load_model":
        return dispatch.load_model(plugins, flavor, context)
    return dispatch.pyfunc_adapt(plugins, flavor, None, context)


def _says(answer: object) -> Callable[[object], object]:
    return lambda self: answer  # noqa: ARG005 - a method


def _raises(error: Exception) -> Callable[[object], object]:
    def raising(_self: object) -> object:
        raise error

    return raising
