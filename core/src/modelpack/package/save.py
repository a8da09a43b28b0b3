"""Saving: one pipeline for every flavor, from the caller's arguments to a published model directory."""

from __future__ import annotations

import os
import re
import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from modelpack import __version__
from modelpack.contexts import LoadContext, SaveContext
from modelpack.errors import InvalidArgumentError
from modelpack.package import environment
from modelpack.package.code_paths import DIRECTORY, checked_code_paths, copy_code, imported_modules
from modelpack.package.distributions import distributions_of
from modelpack.package.inferred_signature import signature_of_example, with_outputs
from modelpack.package.info import ModelInfo
from modelpack.package.input_example import InputExample, RenderedExample
from modelpack.package.manifest import files, write_manifest
from modelpack.package.python_function import NAME as PYFUNC
from modelpack.package.python_function import python_function_conf
from modelpack.package.staging import require_absent, staged
from modelpack.package.trust import trust_own
from modelpack.plugins import dispatch
from modelpack.plugins.manager import default_manager
from modelpack.schema.mlmodel import MLmodel
from modelpack.schema.signature import ModelSignature
from modelpack.schema.times import time_text
from modelpack.schema.yaml import plain_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from modelpack.interfaces import Flavor, FlavorConf, PluginOptions
    from modelpack.plugins.manager import PluginManager


def save_model(  # noqa: PLR0913 - the arguments of every flavor's save_model in MLflow
    model: Any,
    path: str | os.PathLike[str],
    *,
    flavor: str | None = None,
    signature: ModelSignature | Literal[False] | None = None,
    input_example: Any = None,
    conda_env: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    pip_requirements: str | os.PathLike[str] | Iterable[str] | None = None,
    extra_pip_requirements: str | os.PathLike[str] | Iterable[str] | None = None,
    code_paths: Iterable[str | os.PathLike[str]] | None = None,
    metadata: Mapping[str, Any] | None = None,
    run_id: str | None = None,
    artifact_path: str | None = None,
    mlmodel: MLmodel | None = None,
    plugins: PluginManager | None = None,
    **options: Any,
) -> ModelInfo:
    """Save a model as a directory that MLflow's tools and modelpack's read.

    All or nothing: the directory appears when everything has been written, and a failure leaves no trace. The model is
    not loaded again, and nothing is asked of a package index.

    Args:
        model: The model object.
        path: The directory to make; nothing may stand there (S34).
        flavor: The flavor's name; found from the model's type when it is not given.
        signature: What the model takes and answers. When it is not given, it is inferred from the input example, for
            which the model predicts once. False saves without a signature.
        input_example: A few rows that the model takes, or a pair of such and params. Left unchanged.
        conda_env: The environment, as a mapping or the path of a conda file (S47).
        pip_requirements: The requirements, instead of those that the flavor and the code's imports give: lines, or the
            path of a requirements file.
        extra_pip_requirements: Requirements beside those.
        code_paths: Files and directories with modules that the model needs; they are importable when it is loaded.
        metadata: Notes of your own, plain values.
        run_id: The run that the model belongs to.
        artifact_path: Where in the run it stands.
        mlmodel: What else shall stand in `MLmodel`; it is copied, not changed.
        plugins: The plugins to choose from; by default those that are installed.
        **options: The flavor's own options.

    Returns:
        Where the model is and what it is, with its digest, which is added to your trust store.

    Raises:
        AlreadyExistsError: Something stands at `path`.
        InvalidArgumentError: An argument cannot be used; nothing has been written then.
        PluginError: No flavor is installed for the model, or its plugin is broken.
        ModelFailureError: The model's library cannot save it, or the model cannot predict on the input example.
    """
    manager = default_manager() if plugins is None else plugins
    final = _local_path(path)
    chosen = manager.flavor(manager.find_flavor(model) if flavor is None else flavor)
    example = None if input_example is None else InputExample.of(input_example)
    described = _described(mlmodel, metadata, run_id, artifact_path)
    given = _checked_signature(signature)
    if given is None:
        given = described.signature
    save = _Save(
        manager=manager,
        flavor=chosen,
        options=dispatch.validated_options(chosen, options),
        signature=signature_of_example(example) if given is None and example is not None else given or None,
        infers_outputs=given is None,
        example=example,
        rendered=None if example is None else example.rendered(),
        user_environment=environment.UserEnvironment.read(conda_env, pip_requirements, extra_pip_requirements),
        code=checked_code_paths(code_paths),
        mlmodel=described,
    )
    require_absent(final)
    with staged(final) as directory:
        digest = save.write(model, directory)
    trust_own(digest, final)
    return ModelInfo.of(save.mlmodel, final, digest, str(final))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Save:
    """One save, its arguments checked."""

    manager: PluginManager
    flavor: Flavor[Any, Any]
    options: PluginOptions
    signature: ModelSignature | None
    infers_outputs: bool
    example: InputExample | None
    rendered: RenderedExample | None
    user_environment: environment.UserEnvironment
    code: list[Path]
    mlmodel: MLmodel
    others: list[tuple[Flavor[Any, Any], FlavorConf]] = field(default_factory=list)

    def write(self, model: Any, directory: Path) -> str:
        """Write everything; answers the digest."""
        conf = self._write_model(model, directory)
        if self.code:
            copy_code(self.code, directory)
        self._add_flavors(conf)
        self.mlmodel.signature = self._full_signature(model, conf, directory)
        if self.rendered is not None:
            self.rendered.write(directory)
            self.mlmodel.saved_input_example_info = self.rendered.info
        self._environment(conf, directory).write(directory)
        self.mlmodel.model_size_bytes = sum(entry.stat().st_size for _, entry in files(directory))
        self.mlmodel.save(directory)
        return write_manifest(directory)

    def _write_model(self, model: Any, directory: Path) -> FlavorConf:
        context = SaveContext(
            flavor=self.flavor.name,
            path=directory,
            options=self.options,
            signature=self.signature,
            input_example=None if self.example is None else self.example.data,
        )
        also = partial(self._write_also, model, context)
        return dispatch.save_model(self.manager, self.flavor, model, replace(context, save_also=also))

    def _write_also(
        self, model: Any, context: SaveContext[PluginOptions], name: str, options: Mapping[str, Any]
    ) -> None:
        """Let another flavor write the same model."""
        other = self.manager.flavor(name)
        validated = dispatch.validated_options(other, options)
        conf = dispatch.save_model(self.manager, other, model, replace(context, flavor=name, options=validated))
        self.others.append((other, conf))

    def _add_flavors(self, conf: FlavorConf) -> None:
        code = {"code": DIRECTORY} if self.code else {}
        for flavor, its_conf in ((self.flavor, conf), *self.others):
            if flavor.name != PYFUNC:
                self.mlmodel.add_flavor(flavor.name, **{**its_conf.model_dump(), **code})
        generic = python_function_conf(self.flavor, conf, self.options)
        if generic is not None:
            self.mlmodel.add_flavor(PYFUNC, **{**generic, **code})

    def _full_signature(self, model: Any, conf: FlavorConf, directory: Path) -> ModelSignature | None:
        if not self.infers_outputs or self.example is None:
            return self.signature
        context = LoadContext(
            flavor=self.flavor.name,
            path=directory,
            conf=conf,
            pyfunc_conf=self.mlmodel.flavors.get(PYFUNC, {}),
            signature=self.signature,
            options=dispatch.validated_load_options(self.flavor, {}),
            require_trust=_allow,
            check_version=_same_process,
        )
        return with_outputs(self.manager, self.flavor, model, self.example, context)

    def _environment(self, conf: FlavorConf, directory: Path) -> environment.Environment:
        user = self.user_environment
        declared = list(self.flavor.requirements(conf)) if user.given is None else []
        for other, its_conf in self.others if user.given is None else ():
            declared += [self.manager.record_of(other).distribution, *other.requirements(its_conf)]
        if self.code and user.given is None:
            declared += distributions_of(imported_modules(directory / DIRECTORY))
        return environment.environment(user, declared, self.manager.record_of(self.flavor))


def _local_path(path: str | os.PathLike[str]) -> Path:
    text = os.fspath(path)
    if isinstance(path, str) and re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", text):
        raise InvalidArgumentError(
            f"{text!r} is a URI, and a model is saved to a local directory",
            hint="save it there and copy the directory to the store; log_model saves into a run",
        )
    return Path(os.path.abspath(text))  # noqa: PTH100 - a link in the path must not be resolved


def _checked_signature(signature: object) -> ModelSignature | Literal[False] | None:
    if signature is None or signature is False or isinstance(signature, ModelSignature):
        return signature
    raise InvalidArgumentError(
        f"signature is a {type(signature).__qualname__}, but has to be a ModelSignature",
        hint="modelpack.infer_signature(inputs, outputs) makes one",
    )


def _described(
    template: MLmodel | None, metadata: Mapping[str, Any] | None, run_id: str | None, artifact_path: str | None
) -> MLmodel:
    """A description of this save alone: nothing is shared with the template or with another save (Q1)."""
    described = MLmodel() if template is None else template.model_copy(deep=True)
    described.utc_time_created = time_text(datetime.now(UTC))
    described.model_uuid = uuid.uuid4().hex
    described.modelpack_version = __version__
    if metadata is not None:
        described.metadata = plain_value(metadata, "metadata")
    if run_id is not None:
        described.run_id = run_id
    if artifact_path is not None:
        described.artifact_path = artifact_path
    return described


def _allow(reason: str) -> None:
    """The model is the caller's own, in memory."""


def _same_process(distribution: str, recorded: str | None) -> None:
    """The library that would be compared is the one that is running."""
