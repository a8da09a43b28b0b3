"""The flavor: what modelpack has to know of one library. Everything else is core's.

It saves the models of `toy_centroids`, which stands in for your library. Each place that
knows it is marked YOURS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack import (
    Flavor,
    FlavorConf,
    LoadContext,
    PluginOptions,
    SaveContext,
    hookimpl,
)
from modelpack.errors import WrongModelError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    # YOURS: the class of your library's models
    from toy_centroids import CentroidClassifier

# YOURS: what `pip install` calls the library
DISTRIBUTION = "modelpack-flavor-toy"


class ToyOptions(PluginOptions):
    """What `modelpack.save_model(model, path, **options)` takes for this flavor.

    Attributes:
        file_name: What the file is called.
    """

    file_name: str = "model.json"


class ToyConf(FlavorConf):
    """What stands under `flavors: toy:` in `MLmodel`: what a load has to know.

    Attributes:
        data: The file, relative to the model directory.
        toy_version: The release of the library that wrote it.
    """

    data: str = "model.json"
    toy_version: str | None = None


class ToyPredictor:
    """The generic Python view: a DataFrame in, an array out."""

    def __init__(self, model: CentroidClassifier) -> None:
        self._model = model

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Answer one prediction for each row."""
        import numpy as np

        # YOURS: how the library predicts
        rows = data[self._model.columns].to_numpy()
        return np.array(self._model.predict(rows, **(params or {})), dtype=object)


class ToyFlavor(Flavor[ToyOptions, ToyConf]):
    """Saves and loads the models of one library."""

    name = "toy"
    options_type = ToyOptions
    conf_type = ToyConf
    loader_modules = ("modelpack_flavor_toy",)

    def requirements(self, conf: ToyConf) -> Sequence[str]:
        """What a load needs; core pins each at the version that is installed."""
        return [DISTRIBUTION, "pandas"]

    def executes_code(self, conf: ToyConf) -> str | None:
        """Why a load runs code from the model. YOURS: reading JSON runs none."""
        return None

    def pyfunc_conf(
        self,
        conf: ToyConf,
        options: ToyOptions,
    ) -> Mapping[str, Any]:
        """Where the file is, for tools that read `python_function` only."""
        return {"data": conf.data}

    @hookimpl
    def modelpack_save_model(
        self,
        model: Any,
        context: SaveContext[ToyOptions],
    ) -> ToyConf:
        """Write the model's file."""
        import toy_centroids  # YOURS: imported here, so that finding the plugin is fast

        if not isinstance(model, toy_centroids.CentroidClassifier):
            raise WrongModelError("toy", "a CentroidClassifier", model)
        model.save(context.path / context.options.file_name)
        return ToyConf(
            data=context.options.file_name,
            toy_version=toy_centroids.__version__,
        )

    @hookimpl
    def modelpack_load_model(
        self,
        context: LoadContext[ToyConf],
    ) -> CentroidClassifier:
        """Read the model's file."""
        import toy_centroids  # YOURS

        context.check_version(DISTRIBUTION, context.conf.toy_version)
        return toy_centroids.CentroidClassifier.load(context.file(context.conf.data))

    @hookimpl
    def modelpack_pyfunc_adapt(
        self,
        model: CentroidClassifier,
        context: LoadContext[ToyConf],
    ) -> ToyPredictor:
        """Wrap the model."""
        return ToyPredictor(model)


flavor = ToyFlavor()
