"""A sound flavor: it passes every check. Each broken flavor is this one with a single fault put in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack import Flavor, FlavorConf, PluginOptions, hookimpl
from modelpack.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelpack import LoadContext, SaveContext


class SoundConf(FlavorConf):
    """What stands under the flavor's name."""

    data: str = "model.json"
    version: str | None = None


class SoundPredictor:
    """Hands frames and params to the model."""

    def __init__(self, model: Any, names: Sequence[Any]) -> None:
        """Keep the model, whose signature has these names."""
        self._model = model
        self.takes_arrays = list(names) == list(model.weights)

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Score one batch."""
        return self._model.predict(data, **(params or {}))


class SoundFlavor(Flavor[PluginOptions, SoundConf]):
    """Saves models of soundlib as JSON."""

    name = "sound"
    options_type = PluginOptions
    conf_type = SoundConf
    loader_modules = ("mlflow.sound",)
    fork_safe = True

    def requirements(self, conf: SoundConf) -> Sequence[str]:  # noqa: ARG002 - the same for every conf
        """The library."""
        return ["soundlib"]

    def executes_code(self, conf: SoundConf) -> str | None:  # noqa: ARG002 - JSON runs nothing
        """JSON runs nothing."""
        return None

    @hookimpl
    def modelpack_save_model(self, model: Any, context: SaveContext[PluginOptions]) -> SoundConf:
        """Write the model's JSON."""
        import soundlib

        if not isinstance(model, soundlib.SoundModel):
            raise InvalidArgumentError(
                f"the sound flavor saves a soundlib.SoundModel, not a {type(model).__qualname__}"
            )
        model.write(context.path / "model.json")
        return SoundConf(version=soundlib.__version__)

    @hookimpl
    def modelpack_load_model(self, context: LoadContext[SoundConf]) -> Any:
        """Read the model's JSON."""
        import soundlib

        context.check_version("soundlib", context.conf.version)
        return soundlib.SoundModel.read(context.file(context.conf.data))

    @hookimpl
    def modelpack_pyfunc_adapt(self, model: Any, context: LoadContext[SoundConf]) -> SoundPredictor:
        """The predictor."""
        signature = context.signature
        return SoundPredictor(model, signature.inputs.names if signature and signature.inputs else ())


flavor = SoundFlavor()
