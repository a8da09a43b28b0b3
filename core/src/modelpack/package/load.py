"""Loading in two stages: read and verify the model, importing nothing; then, if it may, let its flavor load it."""

from __future__ import annotations

import os
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from modelpack.contexts import LoadContext
from modelpack.errors import IntegrityError, InvalidModelError, NotFoundError, PluginError
from modelpack.package.code import ModelCode
from modelpack.package.manifest import verify as verify_manifest
from modelpack.package.python_function import NAME as PYFUNC
from modelpack.package.trust import authorize
from modelpack.package.versions import VersionCheck, VersionPolicy
from modelpack.paths import existing_path
from modelpack.plugins import dispatch
from modelpack.plugins.manager import default_manager
from modelpack.schema.mlmodel import FILE_NAME, MLmodel
from modelpack.stores.directories import cache_directory
from modelpack.stores.resolve import fetch

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from modelpack.interfaces import Flavor, FlavorConf
    from modelpack.package.trust import Trust
    from modelpack.plugins.manager import PluginManager

__all__ = [
    "StoredModel",
    "VersionPolicy",
    "load_model",
    "load_native",
    "open_model",
    "pyfunc_flavor_name",
    "trust_reasons",
]


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model directory that was read and verified; nothing of it has been imported.

    Attributes:
        path: The local directory.
        mlmodel: The content of its `MLmodel` file.
        digest: The digest of its files; empty when they were not verified.
        code: The modules that come with it; None when there are none.
    """

    path: Path
    mlmodel: MLmodel
    digest: str
    code: ModelCode | None = None

    def code_importable(self) -> AbstractContextManager[None]:
        """Make the model's modules importable by their own names; without such there is nothing to do."""
        return nullcontext() if self.code is None else self.code.activate()


def open_model(uri: str | os.PathLike[str], *, verify: bool = True) -> StoredModel:
    """Fetch a model, check its files against its manifest and read its `MLmodel`; nothing of it is imported.

    Args:
        uri: A model directory, the `MLmodel` file in it, or the URI of one.
        verify: Whether to hash the files. A model that was not verified has no digest, so it is trusted to run code
            only with `trust=True` or by its directory.

    Raises:
        NotFoundError: There is no such model.
        IntegrityError: A file was added, removed or changed since the model was saved.
        InvalidModelError: `MLmodel` or a path in it is malformed.
    """
    path = fetch(uri).absolute()
    if path.is_file() and path.name == FILE_NAME:
        path = path.parent
    if not (path / FILE_NAME).is_file():
        raise NotFoundError(
            f"{path} is no model: there is no {FILE_NAME} file in it",
            hint="give the directory that holds the file MLmodel",
        )
    digest = _verified(path) if verify else ""
    mlmodel = MLmodel.load(path)
    code = _code_directory(mlmodel)
    return StoredModel(path, mlmodel, digest, None if code is None else ModelCode(existing_path(path, code)))


def load_model(
    uri: str | os.PathLike[str],
    *,
    flavor: str | None = None,
    trust: Trust | None = None,
    versions: VersionPolicy = "warn",
    plugins: PluginManager | None = None,
    **options: Any,
) -> Any:
    """Load a model as the object that its library made.

    Args:
        uri: A model directory, or the URI of one: `runs:/…`, `file:`, or whatever fsspec opens.
        flavor: Which of the model's flavors; by default the first native one that is installed.
        trust: What may run code when it is loaded: True for any model, False for none, a digest, a directory of
            models, or several of those. By default your trust store decides (`modelpack trust`), where models that you
            save yourself stand.
        versions: What to do when libraries differ from those that the model was saved with.
        plugins: The plugins to choose from; by default those that are installed.
        **options: Passed to the flavor, such as a device.

    Returns:
        The native object; for a model that has only the generic Python view, what that view is made of.

    Raises:
        NotFoundError: There is no such model, or it has no such flavor.
        IntegrityError: A file was added, removed or changed since the model was saved.
        TrustError: Loading would run code from the model, and you do not trust it.
        PluginError: The flavor's plugin is not installed or broken.
        ModelFailureError: The library cannot read the model.
    """
    manager = default_manager() if plugins is None else plugins
    stored = open_model(uri)
    name = _native_flavor_name(stored, manager) if flavor is None else flavor
    _, native, _ = load_native(stored, name, trust=trust, versions=versions, plugins=manager, options=options)
    return native


def load_native(
    stored: StoredModel,
    name: str,
    *,
    trust: Trust | None = None,
    versions: VersionPolicy = "warn",
    plugins: PluginManager | None = None,
    options: Mapping[str, Any] | None = None,
    generic: bool = False,
) -> tuple[Flavor[Any, Any], Any, LoadContext[Any]]:
    """Load one flavor of a model that was opened: the second stage, and the only way to it.

    Args:
        stored: What `open_model` answered.
        name: The flavor.
        trust: As for `load_model`.
        versions: As for `load_model`.
        plugins: As for `load_model`.
        options: Passed to the flavor.
        generic: Whether the model is loaded for its generic Python view alone.

    Returns:
        The flavor, the native object, and the context that `modelpack_pyfunc_adapt` takes.

    Raises:
        ModelpackError: As `load_model`.
    """
    manager = default_manager() if plugins is None else plugins
    chosen, conf = _flavor_and_conf(stored, name, manager)
    require_trust = partial(_require_trust, stored, trust)
    _require_trust(stored, trust, *_reasons(stored, chosen, conf, generic=generic))
    check = VersionCheck(versions, f"the model in {stored.path}")
    pyfunc_conf = stored.mlmodel.flavors.get(PYFUNC, {})
    if pyfunc_conf:
        check.python(pyfunc_conf.get("python_version"))
    context = LoadContext(
        flavor=name,
        path=stored.path,
        conf=conf,
        pyfunc_conf=pyfunc_conf,
        signature=stored.mlmodel.signature,
        options=dispatch.validated_load_options(chosen, options or {}),
        require_trust=require_trust,
        check_version=check.distribution,
        generic=generic,
    )
    with stored.code_importable():
        return chosen, dispatch.load_model(manager, chosen, context), context


def trust_reasons(stored: StoredModel, name: str, plugins: PluginManager) -> list[str]:
    """Why loading a model as one flavor would run code from it; none when it would not.

    The generic Python view answers for the flavor that stands behind it.

    Raises:
        NotFoundError: The model has no such flavor.
        PluginError: The flavor's plugin is not installed or broken.
        InvalidModelError: What the model says of the flavor is malformed.
    """
    behind = pyfunc_flavor_name(stored, plugins) if name == PYFUNC else name
    return _reasons(stored, *_flavor_and_conf(stored, behind, plugins), generic=name == PYFUNC)


def pyfunc_flavor_name(stored: StoredModel, plugins: PluginManager) -> str:
    """The flavor whose plugin stands behind a model's generic Python view.

    It is the native flavor of the model to which the `loader_module` belongs. Any other loader module comes with the
    model or reads a class instance: that is the flavor `python_function`.

    Raises:
        NotFoundError: The model has no generic view.
        PluginError: Nothing claims the module, and a flavor that might is broken.
    """
    loader = stored.mlmodel.flavor_conf(PYFUNC).get("loader_module")
    natives = [name for name in stored.mlmodel.flavors if name != PYFUNC]
    by_rule = [name for name in natives if loader == f"mlflow.{name}"]
    if by_rule:
        return by_rule[0]
    broken: list[PluginError] = []
    for name in filter(plugins.has_flavor, natives):
        try:
            if loader in plugins.flavor(name).loader_modules:
                return name
        except PluginError as error:  # it matters only if no other flavor claims the module
            broken.append(error)
    if broken:
        raise broken[0]
    return PYFUNC


def _native_flavor_name(stored: StoredModel, plugins: PluginManager) -> str:
    """The flavor that the generic view is made of, if it is installed; else the first native one that is."""
    names = list(stored.mlmodel.flavors)
    if not names:
        raise InvalidModelError(f"the model in {stored.path} has no flavor")
    behind = [pyfunc_flavor_name(stored, plugins)] if PYFUNC in names else []
    candidates = [name for name in (*behind, *names) if name != PYFUNC]
    return next(filter(plugins.has_flavor, candidates), (*behind, *names)[0])


def _flavor_and_conf(stored: StoredModel, name: str, plugins: PluginManager) -> tuple[Flavor[Any, Any], FlavorConf]:
    content = stored.mlmodel.flavor_conf(name)
    flavor = plugins.flavor(name)
    try:
        conf: FlavorConf = flavor.conf_type.model_validate(content)
    except ValidationError as error:
        raise InvalidModelError(
            f"the flavor {name!r} of the model in {stored.path} is malformed: {dispatch.conf_problems(error)}",
            hint=f"see `flavors: {name}:` in its {FILE_NAME} file",
        ) from error
    return flavor, conf


def _verified(path: Path) -> str:
    try:
        return verify_manifest(path)
    except IntegrityError as error:
        if not path.is_relative_to(cache_directory(os.environ)):
            raise
        raise IntegrityError(
            error.message, hint=f"this is a downloaded copy: remove {path}, and it is downloaded again"
        ) from error


def _require_trust(stored: StoredModel, trust: Trust | None, *reasons: str) -> None:
    authorize(stored.digest, stored.path, reasons, trust)


def _reasons(stored: StoredModel, flavor: Flavor[Any, Any], conf: FlavorConf, *, generic: bool) -> list[str]:
    """Why loading would run code from the model."""
    reason = flavor.pyfunc_executes_code(conf) if generic else flavor.executes_code(conf)
    found = [] if reason is None else [reason]
    if stored.code is not None:
        found.append(f"the modules in its {stored.code.directory.name} directory can be imported")
    return found


def _code_directory(mlmodel: MLmodel) -> str | None:
    """The directory with the model's modules, which the generic view names and, in files of MLflow, each flavor."""
    confs = (mlmodel.flavors.get(PYFUNC, {}), *mlmodel.flavors.values())
    return next((str(conf["code"]) for conf in confs if conf.get("code")), None)
