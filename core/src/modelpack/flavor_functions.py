"""`save_model`, `log_model` and `load_model` of one flavor, with the argument names of MLflow's modules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from modelpack.errors import InvalidArgumentError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping, Sequence

    from modelpack.models import Model
    from modelpack.package.info import ModelInfo
    from modelpack.package.load import VersionPolicy
    from modelpack.package.trust import Trust
    from modelpack.schema.signature import ModelSignature


class LogArguments(TypedDict, total=False):
    """What every flavor's `log_model` takes by name, beside the flavor's own options.

    Attributes:
        code_paths: Files and packages to save with the model.
        signature: What the model takes and answers; taken from `input_example` when that is given alone.
        input_example: Some rows of input, saved with the model.
        pip_requirements: Requirements in place of those that are found.
        extra_pip_requirements: Requirements beside those that are found.
        metadata: Anything to keep in `MLmodel`.
    """

    code_paths: Sequence[str | os.PathLike[str]] | None
    signature: ModelSignature | None
    input_example: Any
    pip_requirements: str | os.PathLike[str] | Iterable[str] | None
    extra_pip_requirements: str | os.PathLike[str] | Iterable[str] | None
    metadata: Mapping[str, Any] | None


class SaveArguments(LogArguments, total=False):
    """What every flavor's `save_model` takes by name, beside the flavor's own options.

    Attributes:
        mlflow_model: A `Model` to which the flavors are added; it is copied, not changed.
    """

    mlflow_model: Model | None


class FlavorFunctions:
    """The functions that MLflow's module of a flavor has, for the module of a plugin.

    A plugin's `save_model` gives the model its name in MLflow and spells the flavor's own options out; what all flavors
    take passes through.

    Example:
        ```python
        functions = FlavorFunctions("toy")
        load_model = functions.load

        def save_model(
            toy_model: Any,
            path: str,
            conda_env: Any = None,
            *,
            file_name: str = "model.json",
            **arguments: Unpack[SaveArguments],
        ) -> ModelInfo:
            return functions.save(toy_model, path, conda_env=conda_env, file_name=file_name, **arguments)
        ```
    """

    def __init__(self, flavor: str) -> None:
        """Serve a flavor, by its name."""
        self._flavor = flavor

    def save(
        self, model: Any, path: str | os.PathLike[str], *, mlflow_model: Model | None = None, **arguments: Any
    ) -> ModelInfo:
        """Save a model with the flavor; see `modelpack.save_model`, which calls `mlflow_model` `mlmodel`."""
        from modelpack.package.save import save_model

        return save_model(model, path, flavor=self._flavor, mlmodel=mlflow_model, **arguments)

    def log(
        self, model: Any, artifact_path: str | None = None, *, name: str | None = None, **arguments: Any
    ) -> ModelInfo:
        """Save a model with the flavor into the active run, starting one when none is; see `modelpack.log_model`.

        Args:
            model: The model.
            artifact_path: Where in the run.
            name: The same under the name that it has since MLflow 3.
            **arguments: What else `modelpack.log_model` takes.

        Raises:
            InvalidArgumentError: Neither or both of `artifact_path` and `name` are given.
        """
        from modelpack.tracking.log import log_model

        if (artifact_path is None) == (name is None):
            raise InvalidArgumentError(
                f"artifact_path is {artifact_path!r} and name is {name!r}",
                hint="give one of them, such as name='model'",
            )
        return log_model(model, artifact_path or str(name), flavor=self._flavor, **arguments)

    def load(
        self,
        model_uri: str | os.PathLike[str],
        run_id: str | None = None,
        *,
        trust: Trust | None = None,
        versions: VersionPolicy = "warn",
        **options: Any,
    ) -> Any:
        """Load the native model.

        Args:
            model_uri: A directory or URI.
            run_id: When given, `model_uri` is a path in this run (MLflow before 1.0, S17).
            trust: What may run code: True, a digest, a directory, or several; None asks the user's trust store.
            versions: What a difference between the recorded and the installed versions does.
            **options: The flavor's own load options.

        Raises:
            TrustError: Loading would run code from the model, and the caller does not trust it.
            NotFoundError: There is no such model, or it does not have the flavor.
        """
        from modelpack.package.load import load_model

        uri = model_uri if run_id is None else f"runs:/{run_id}/{model_uri}"
        return load_model(uri, flavor=self._flavor, trust=trust, versions=versions, **options)


def pinned(*distributions: str) -> list[str]:
    """The installed versions of distributions, as requirements."""
    from importlib.metadata import version

    return [f"{name}=={version(name)}" for name in distributions]


def default_conda_env(*distributions: str) -> dict[str, Any]:
    """The conda environment that is saved when none is given, for a flavor that needs these distributions (S49)."""
    from modelpack.package.conda import default_conda

    return default_conda(pinned(*distributions))
