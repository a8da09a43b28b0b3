"""The ONNX flavor. onnx and ONNX Runtime are imported when a model is saved, loaded or scored."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from modelpack import Flavor, FlavorConf, LoadContext, ModelpackWarning, PluginOptions, SaveContext, hookimpl
from modelpack.errors import WrongModelError
from modelpack_flavor_onnx import files
from modelpack_flavor_onnx.recorded import hazards, recorded_settings, unknown_options
from modelpack_flavor_onnx.settings import ONNX_EXECUTION_PROVIDERS, Provider, SessionOptions, Settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelpack_flavor_onnx.predictor import OnnxPredictor


class OnnxOptions(PluginOptions):
    """What `save_model` takes for this flavor.

    Attributes:
        onnx_execution_providers: Where the model shall run, in order of preference: names, or pairs of a name and the
            provider's options. None is a GPU where there is one, else the CPU.
        onnx_session_options: Threads, execution mode and optimization of the session.
        save_as_external_data: Whether tensors of a kilobyte or more go into a file of their own.
    """

    onnx_execution_providers: tuple[Provider, ...] | None = None
    onnx_session_options: SessionOptions | None = None
    save_as_external_data: bool = True


class OnnxConf(FlavorConf):
    """What stands under `flavors: onnx:`.

    Attributes:
        data: The file.
        onnx_version: The release of onnx that wrote it.
        providers: Names, or lists of a name and options; MLflow before 2.0 wrote none.
        onnx_session_options: As `SessionOptions`, with what else MLflow let through.
    """

    data: str = files.MODEL
    onnx_version: str | None = None
    providers: list[str | list[Any]] | str | None = None
    onnx_session_options: dict[str, Any] | None = None


class OnnxFlavor(Flavor[OnnxOptions, OnnxConf]):
    """Saves and loads ModelProtos, and scores with ONNX Runtime."""

    name = "onnx"
    options_type = OnnxOptions
    load_options_type = Settings
    conf_type = OnnxConf
    loader_modules = ("mlflow.onnx", "modelpack_flavor_onnx")

    def requirements(self, conf: OnnxConf) -> Sequence[str]:  # noqa: ARG002 - the same for every model
        """onnx, NumPy, and the ONNX Runtime that is installed: several distributions bring it."""
        from modelpack_flavor_onnx.session import installed_runtime

        return ["onnx", installed_runtime() or "onnxruntime", "numpy"]

    def executes_code(self, conf: OnnxConf) -> str | None:
        """A graph runs no code; settings of the runtime that name libraries and files could."""
        named = hazards(_recorded(conf))
        if not named:
            return None
        return f"it sets {', '.join(named)} of ONNX Runtime, which can load native libraries and touch other files"

    def pyfunc_conf(self, conf: OnnxConf, options: OnnxOptions) -> Mapping[str, Any] | None:  # noqa: ARG002 - the conf says it
        """Where the model is (MLflow's key)."""
        return {"data": conf.data}

    @hookimpl
    def modelpack_save_model(self, model: Any, context: SaveContext[OnnxOptions]) -> OnnxConf:
        """Write `model.onnx` and check it."""
        import onnx

        if not isinstance(model, onnx.ModelProto):
            raise WrongModelError("onnx", "an onnx.ModelProto", model)
        options = context.options
        files.write(model, context.path, external=options.save_as_external_data)
        providers = options.onnx_execution_providers or ONNX_EXECUTION_PROVIDERS
        settings = options.onnx_session_options
        return OnnxConf(
            onnx_version=onnx.__version__,
            providers=[each if isinstance(each, str) else list(each) for each in providers],
            onnx_session_options=None if settings is None else settings.model_dump(exclude_none=True),
        )

    @hookimpl
    def modelpack_load_model(self, context: LoadContext[OnnxConf]) -> Any:
        """Read the ModelProto, with the tensors that stand in other files of the model directory."""
        data = context.conf.data
        context.check_version("onnx", context.conf.onnx_version)
        return files.read(context.file(data), lambda location: context.file(files.place_of(data, location)))

    @hookimpl
    def modelpack_pyfunc_adapt(self, model: Any, context: LoadContext[OnnxConf]) -> OnnxPredictor:  # noqa: ARG002 - the file is what the runtime reads
        """Make the one session that answers every prediction."""
        from modelpack_flavor_onnx.predictor import OnnxPredictor
        from modelpack_flavor_onnx.session import open_session

        ignored = unknown_options(context.conf.onnx_session_options)
        if ignored:
            told = f"the session options {', '.join(ignored)} in the model are ignored, as MLflow does"
            warnings.warn(told, ModelpackWarning, stacklevel=2)
        path, settings = context.file(context.conf.data), (_recorded(context.conf), context.options)
        return OnnxPredictor(open_session(path, settings))


def _recorded(conf: OnnxConf) -> Settings:
    return recorded_settings(conf.providers, conf.onnx_session_options)


flavor = OnnxFlavor()
