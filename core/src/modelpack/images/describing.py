"""From a model to what its image holds."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from modelpack import __version__
from modelpack.errors import InvalidArgumentError
from modelpack.images.checkouts import build_wheels, local_sources
from modelpack.images.contents import MODEL, PACKAGES, ImageContents
from modelpack.images.model_environment import model_environment
from modelpack.images.options import ROOT, ImageOptions
from modelpack.images.requirements import required
from modelpack.package.load import open_model, trust_reasons
from modelpack.package.manifest import NAME as MANIFEST
from modelpack.package.manifest import files as model_files
from modelpack.package.trust import VARIABLE as TRUST
from modelpack.package.trust import authorize
from modelpack.plugins.manager import default_manager
from modelpack.pyfunc.load import viewed_flavor
from modelpack.stores.checksums import format_checksums, hash_file
from modelpack.stores.directories import HOME

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from modelpack.images.model_environment import ModelEnvironment
    from modelpack.package.load import StoredModel

OLDEST = (3, 11)
"""The oldest Python that modelpack runs under."""

STORE = "/opt/modelpack/home"
"""Where the server looks for a trust store, which may be mounted there; there is none in an image."""


def image_contents(
    model: str | os.PathLike[str], options: ImageOptions | None = None, *, wheels: Path
) -> ImageContents:
    """Describe the image of a model.

    Nothing of the model is imported. An image carries trust for its model, so a model that runs code is only taken if
    the caller trusts it.

    Args:
        model: A model directory, or the URI of one.
        options: What the caller chooses.
        wheels: A directory for wheels that have to be built here; it has to stay until the image is built.

    Raises:
        ModelpackError: There is no such model, it is not what was saved, it is not trusted, its flavor's plugin is not
            installed, or what it needs cannot be installed in an image.
    """
    options = options or ImageOptions()
    stored = open_model(model)
    manager = default_manager()
    name = viewed_flavor(stored, options.flavor, manager)
    authorize(stored.digest, stored.path, trust_reasons(stored, name, manager), options.trust)
    flavor = manager.flavor(name)
    environment = model_environment(stored)
    conf = flavor.conf_type.model_validate(stored.mlmodel.flavor_conf(name))
    python = _python(environment, options)
    declared = () if environment.stated else flavor.requirements(conf)
    needed = required(environment, manager.record_of(flavor), declared, options)
    sources = local_sources(needed.met_here())
    return ImageContents(
        python_version=python,
        requirements=needed.text_lines(),
        constraints=needed.constraints,
        wheels=build_wheels([*sources.values(), *needed.files], wheels),
        system_packages=flavor.system_packages,
        files=_files(stored) if options.with_model else {},
        model=stored.path if options.with_model else None,
        environment=_environment(stored, options),
        labels=_labels(stored, name),
        user=options.owner,
        digest=stored.digest,
        notes=needed.notes,
    )


def _python(environment: ModelEnvironment, options: ImageOptions) -> str:
    version = options.python or environment.python
    if tuple(map(int, version.split("."))) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise InvalidArgumentError(
            f"the model is of Python {version}, and modelpack runs under {oldest} or newer",
            hint=f"--python {oldest} serves it with another; whether the model's libraries and pickles go along is "
            "theirs to say",
        )
    return version


def _files(stored: StoredModel) -> dict[PurePosixPath, bytes]:
    """The manifest of a model that has none, since MLflow writes none: its bytes give the digest it already has."""
    if (stored.path / MANIFEST).is_file():
        return {}
    sums = {name: hash_file(entry.path) for name, entry in model_files(stored.path)}
    return {PurePosixPath(MODEL, MANIFEST): format_checksums(sums)}


def _environment(stored: StoredModel, options: ImageOptions) -> dict[str, str]:
    """The variables of the server.

    A user that the base image does not know, as on OpenShift, has neither home nor name, for which libraries ask.
    """
    flavor = {} if options.flavor is None else {"MODELPACK_FLAVOR": options.flavor}
    return {
        "PYTHONPATH": PACKAGES,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "HOME": "/tmp",  # noqa: S108 - of the container
        "LOGNAME": "root" if options.owner == ROOT else "modelpack",
        HOME: STORE,
        TRUST: stored.digest,
        **flavor,
    }


def _labels(stored: StoredModel, flavor: str) -> dict[str, str]:
    described = stored.mlmodel
    facts = {
        "org.opencontainers.image.title": stored.path.name,
        "org.opencontainers.image.description": f"Scoring server of a model, flavor {flavor}",
        "org.opencontainers.image.created": None if described.created is None else described.created.isoformat(),
        "modelpack.version": __version__,
        "modelpack.model.digest": stored.digest,
        "modelpack.model.flavor": flavor,
        "modelpack.model.uuid": described.model_uuid,
        "modelpack.model.run-id": described.run_id,
        "com.amazonaws.sagemaker.capabilities.accept-bind-to-port": "true",
    }
    return {name: value for name, value in facts.items() if value}
