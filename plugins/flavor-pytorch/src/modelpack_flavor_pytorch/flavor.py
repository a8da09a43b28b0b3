"""The PyTorch flavor (S62 to S68). PyTorch itself is imported when a model is saved or loaded."""

from __future__ import annotations

import os  # noqa: TC003 - pydantic reads the annotations
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ConfigDict, Field, model_serializer

from modelpack import Flavor, FlavorConf, LoadContext, PluginOptions, SaveContext, hookimpl
from modelpack.errors import WrongModelError
from modelpack_flavor_pytorch import classes, formats, loading
from modelpack_flavor_pytorch.extra_files import copied
from modelpack_flavor_pytorch.writing import write

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelpack_flavor_pytorch.predictor import TorchPredictor

Format = Literal["pt2", "pickle", "state_dict", "safetensors"]


class PytorchOptions(PluginOptions):
    """What `save_model` takes for this flavor.

    Attributes:
        serialization_format: `pt2`, `pickle`, `state_dict` or `safetensors`. None is pt2 where the module can be
            exported and answers the same, and pickle with a warning where not.
        model_class: For the last two, the class of the module, or its name; None is the module's own.
        model_arguments: What the class is called with when the model is loaded; plain values.
        pickle_module: What pickles; None is cloudpickle.
        pickle_protocol: The protocol of the pickle.
        device: Where the generic view runs when its caller does not say; the CPU, if this device is not there.
        extra_files: Paths or URIs of files to keep with the model.
    """

    serialization_format: Format | None = None
    model_class: Any = None
    model_arguments: dict[str, Any] = Field(default_factory=dict)
    pickle_module: Any = None
    pickle_protocol: int | None = None
    device: str | None = None
    extra_files: tuple[str | os.PathLike[str], ...] = ()


class PytorchLoadOptions(PluginOptions):
    """What `load_model` takes for this flavor; anything else goes to `torch.load`, where a pickle is read.

    Attributes:
        device: Where to, such as `cuda:0`.
        map_location: The same, as PyTorch calls it.
        model_config_: Called `model_config`: the same under `device`, as MLflow has it.
        pickle_module: What unpickles.
    """

    model_config = ConfigDict(extra="allow")

    device: Any = None
    map_location: Any = None
    model_config_: dict[str, Any] | None = Field(default=None, alias="model_config")
    pickle_module: Any = None


class PytorchConf(FlavorConf):
    """What stands under `flavors: pytorch:`.

    Attributes:
        model_data: The directory with the files; in some old models a file itself.
        pytorch_version: The release of PyTorch that wrote it.
        serialization_format: How; models of MLflow do not say, and the files tell.
        model_class: The class of the module, as `package.module:Class`, where only its tensors are kept.
        model_arguments: What it is called with.
        extra_files: The files that were kept with the model.
        pickle_module_name: What pickled it. It stands under `python_function`, where MLflow looks for it.
    """

    model_data: str = "data"
    pytorch_version: str | None = None
    serialization_format: str | None = None
    model_class: str | None = None
    model_arguments: dict[str, Any] | None = None
    extra_files: list[dict[str, str]] | None = None
    pickle_module_name: str | None = Field(default=None, exclude=True)

    @model_serializer(mode="wrap")
    def _without_gaps(self, serialize: Any) -> dict[str, Any]:
        return {key: value for key, value in serialize(self).items() if value is not None}


class PytorchFlavor(Flavor[PytorchOptions, PytorchConf]):
    """Saves and loads PyTorch's modules."""

    name = "pytorch"
    options_type = PytorchOptions
    load_options_type = PytorchLoadOptions
    conf_type = PytorchConf
    loader_modules = ("mlflow.pytorch", "modelpack_flavor_pytorch")

    def requirements(self, conf: PytorchConf) -> Sequence[str]:
        """PyTorch and NumPy, and what reads the file."""
        reader = {formats.PICKLE: ["cloudpickle"], formats.SAFETENSORS: ["safetensors"]}
        return ["torch", "numpy", *reader.get(conf.serialization_format or "", [])]

    def executes_code(self, conf: PytorchConf) -> str | None:
        """Pickles and classes do; programs do not, unless `modelpack_load_model` finds otherwise.

        Models of MLflow do not say which they are: their files tell, when they are loaded.
        """
        match conf.serialization_format:
            case formats.PICKLE:
                return f"{formats.FILES[formats.PICKLE]} is a pickle, and unpickling runs whatever it holds"
            case formats.STATE_DICT | formats.SAFETENSORS if not str(conf.model_class).startswith(classes.OWN):
                return f"the class {conf.model_class} is imported and called"
            case _:
                return None

    def pyfunc_conf(self, conf: PytorchConf, options: PytorchOptions) -> Mapping[str, Any] | None:
        """MLflow's keys. MLflow reads no tensors without their module: for those, the loader module is ours."""
        named = {} if conf.pickle_module_name is None else {"pickle_module_name": conf.pickle_module_name}
        loader = {} if conf.model_class is None else {"loader_module": self.loader_modules[1]}
        return {"data": conf.model_data, "config": {"device": options.device}, **named, **loader}

    @hookimpl
    def modelpack_save_model(self, model: Any, context: SaveContext[PytorchOptions]) -> PytorchConf:
        """Write `data/model.pt2`, or what else was asked for."""
        import torch

        program = torch.export.ExportedProgram
        if not isinstance(model, (torch.nn.Module, program)):
            raise WrongModelError("pytorch", "a torch.nn.Module", model)
        module = model.module() if isinstance(model, program) else model
        written = write(module, context)
        return PytorchConf(
            pytorch_version=str(torch.__version__),
            extra_files=copied(context.options.extra_files, context.path) or None,
            **written,
        )

    @hookimpl
    def modelpack_load_model(self, context: LoadContext[PytorchConf]) -> Any:
        """Read the module, however it was saved, in evaluation mode."""
        return loading.load(context)

    @hookimpl
    def modelpack_pyfunc_adapt(self, model: Any, context: LoadContext[PytorchConf]) -> TorchPredictor:  # noqa: ARG002 - the module says all
        """Answer with the module's `forward`."""
        from modelpack_flavor_pytorch.predictor import TorchPredictor

        return TorchPredictor(model.module() if hasattr(model, "graph_signature") else model)


flavor = PytorchFlavor()
