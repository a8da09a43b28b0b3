"""The files in which a module is kept beside exported programs: a pickle, and its tensors alone."""

from __future__ import annotations

import pickle
import warnings
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidModelError, MissingDependencyError, ModelFailureError, ModelpackWarning
from modelpack_flavor_pytorch import pickle_module as with_cloudpickle
from modelpack_flavor_pytorch.classes import made

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PT2 = "pt2"
PICKLE = "pickle"
STATE_DICT = "state_dict"
SAFETENSORS = "safetensors"
FILES = {PT2: "model.pt2", PICKLE: "model.pth", STATE_DICT: "state_dict.pth", SAFETENSORS: "model.safetensors"}
PICKLE_INFO = "pickle_module_info.txt"


def write_pickle(module: Any, folder: Path, library: Any, protocol: int | None) -> str:
    """Write the whole module, and beside it the name of the module that pickled it.

    Returns:
        That name.

    Raises:
        ModelFailureError: The module holds something that cannot be pickled.
    """
    import torch

    name = with_cloudpickle.MLFLOW_NAME if library in (None, with_cloudpickle) else str(library.__name__)
    (folder / PICKLE_INFO).write_text(name, encoding="utf-8")
    try:
        if isinstance(module, torch.jit.ScriptModule):
            with _torchscript_in_silence():
                module.save(str(folder / FILES[PICKLE]))
        else:
            protocol = torch.serialization.DEFAULT_PROTOCOL if protocol is None else protocol
            torch.save(module, folder / FILES[PICKLE], library or with_cloudpickle, protocol)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise ModelFailureError(
            f"{name} cannot pickle this {type(module).__qualname__}: {error}",
            hint="serialization_format='pt2' with an input_example, or 'state_dict', keeps no Python objects",
        ) from error
    return name


def read_pickle(path: Path, device: Any, recorded: str | None, options: Mapping[str, Any]) -> Any:
    """Load a whole module; the caller has been asked for trust.

    Args:
        path: The file; TorchScript is read as well.
        device: Where to, wherever it was saved.
        recorded: The name of the module that pickled it; None in the oldest models.
        options: What else `torch.load` takes, `pickle_module` among it.

    Raises:
        MissingDependencyError: The module that pickled it is not installed.
        InvalidModelError: The file holds no module.
    """
    import torch

    arguments = {"weights_only": False, "map_location": device, **options}
    library = _unpickler(arguments.pop("pickle_module", None), recorded)
    if library is not None:
        arguments["pickle_module"] = library
    with _torchscript_in_silence():
        module = torch.load(path, **arguments)
    if not isinstance(module, torch.nn.Module):
        raise InvalidModelError(
            f"{path.name} holds a {type(module).__qualname__}, no module",
            hint="a state dict alone is loaded with torch.load(…, weights_only=True) into a module of your own",
        )
    return module.eval()


def _unpickler(given: Any, recorded: str | None) -> Any:
    """What `torch.load` shall unpickle with; None for the standard library."""
    if given is None:
        return None if recorded in {None, *with_cloudpickle.READ_BY_PICKLE} else _imported(str(recorded))
    if recorded is not None and given.__name__ != recorded:
        message = f"the model was pickled with {recorded}, and is loaded with {given.__name__}, as you ask"
        warnings.warn(message, ModelpackWarning, stacklevel=2)
    return None if given.__name__ in with_cloudpickle.READ_BY_PICKLE else given


def _imported(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingDependencyError(
            f"the model was pickled with the module {name}, which cannot be imported: {error}",
            hint=f"pip install {name.partition('.')[0]}, or load it with pickle_module=",
        ) from error


def write_tensors(module: Any, path: Path, serialization_format: str) -> None:
    """Write the tensors of a module under their names.

    Raises:
        ModelFailureError: It keeps a state that is no tensor, which safetensors does not hold.
    """
    import torch

    state = module.state_dict()
    if serialization_format == STATE_DICT:
        torch.save(state, path)
        return
    from safetensors.torch import save_file

    if beyond := [name for name, value in state.items() if not isinstance(value, torch.Tensor)]:
        raise ModelFailureError(
            f"safetensors holds tensors alone, and the state of this {type(module).__qualname__} has {beyond[0]!r}",
            hint="serialization_format='state_dict' also keeps plain values",
        )
    save_file({name: tensor.cpu().contiguous().clone() for name, tensor in state.items()}, path)


def read_tensors(path: Path, serialization_format: str, kind: str | None, arguments: Mapping[str, Any]) -> Any:
    """Make a module of a class by name, and give it the tensors, in their types.

    Raises:
        InvalidModelError: The class is not there, or the tensors are not its own.
    """
    import torch

    if kind is None:
        raise InvalidModelError("the model keeps tensors, and does not name the model_class that they are for")
    if serialization_format == STATE_DICT:
        state = torch.load(path, map_location="cpu", weights_only=True)
    else:
        from safetensors.torch import load_file

        state = load_file(path)
    return filled(made(kind, arguments), state, kind).eval()


def filled(module: Any, state: Mapping[str, Any], kind: str) -> Any:
    """The module, its tensors set to these values and of these types.

    Raises:
        InvalidModelError: The module has other tensors.
    """
    import torch

    for name, own in module.state_dict(keep_vars=True).items():
        given = state.get(name)
        if isinstance(own, torch.Tensor) and isinstance(given, torch.Tensor) and own.dtype != given.dtype:
            own.data = own.data.to(given.dtype)
    try:
        module.load_state_dict(state)
    except RuntimeError as error:
        raise InvalidModelError(
            f"the tensors do not fit {kind}: {error}", hint="were the model_arguments those of the saved module?"
        ) from error
    return module


@contextmanager
def _torchscript_in_silence() -> Iterator[None]:
    """Keep back what PyTorch says to whoever still has TorchScript."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*torch.load. received a zip file that looks like a TorchScript")
        warnings.filterwarnings(
            "ignore", message=".*torch.jit.* is (deprecated|not supported)", category=DeprecationWarning
        )
        yield
