"""The flavor: what modelpack has to know of one library. Everything else is core's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack import Flavor, FlavorConf, LoadContext, PluginOptions, SaveContext, hookimpl
from modelpack.errors import WrongModelError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from centroids import CentroidClassifier

DISTRIBUTION = "modelpack-flavor-toy"  # of the library; here it ships with the flavor


class ToyOptions(PluginOptions):
    """What `modelpack.save_model(model, path, **options)` takes for this flavor.

    Attributes:
        file_name: What the file is called.
    """

    file_name: str = "model.json"


class ToyConf(FlavorConf):
    """What stands under `flavors: toy:` in `MLmodel`.

    Attributes:
        data: The file, relative to the model directory.
        centroids_version: The release of the library that wrote it.
    """

    data: str = "model.json"
    centroids_version: str | None = None


class ToyPredictor:
    """The generic Python view: a DataFrame in, an array out."""

    def __init__(self, model: CentroidClassifier) -> None:
        self._model = model

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Answer one label for each row."""
        import numpy as np

        rows = data[self._model.columns].to_numpy()
        return np.array(self._model.predict(rows, **(params or {})), dtype=object)


class ToyFlavor(Flavor[ToyOptions, ToyConf]):
    """Saves and loads `centroids.CentroidClassifier`."""

    name = "toy"
    options_type = ToyOptions
    conf_type = ToyConf
    loader_modules = ("modelpack_flavor_toy",)

    def requirements(self, conf: ToyConf) -> Sequence[str]:  # noqa: ARG002 - the same for every conf
        """The library; core pins it at the version that is installed."""
        return [DISTRIBUTION, "pandas"]

    def executes_code(self, conf: ToyConf) -> str | None:  # noqa: ARG002 - the same for every conf
        """JSON runs nothing, so that anyone may load the model."""
        return None

    def pyfunc_conf(self, conf: ToyConf, options: ToyOptions) -> Mapping[str, Any]:  # noqa: ARG002 - the conf says it
        """Where the file is, for tools that read `python_function` only."""
        return {"data": conf.data}

    @hookimpl
    def modelpack_save_model(self, model: Any, context: SaveContext[ToyOptions]) -> ToyConf:
        """Write the model's file."""
        import centroids

        if not isinstance(model, centroids.CentroidClassifier):
            raise WrongModelError("toy", "a centroids.CentroidClassifier", model)
        model.save(context.path / context.options.file_name)
        return ToyConf(data=context.options.file_name, centroids_version=centroids.__version__)

    @hookimpl
    def modelpack_load_model(self, context: LoadContext[ToyConf]) -> CentroidClassifier:
        """Read the model's file."""
        import centroids

        context.check_version(DISTRIBUTION, context.conf.centroids_version)
        return centroids.CentroidClassifier.load(context.file(context.conf.data))

    @hookimpl
    def modelpack_pyfunc_adapt(self, model: CentroidClassifier, context: LoadContext[ToyConf]) -> ToyPredictor:  # noqa: ARG002 - as the hook says
        """Wrap the model."""
        return ToyPredictor(model)


flavor = ToyFlavor()
