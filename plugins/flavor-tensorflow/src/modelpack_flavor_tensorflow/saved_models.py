"""SavedModel directories: what they hold, read without loading them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidArgumentError, InvalidModelError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FILE = "saved_model.pb"
OTHER_FORMS = ("saved_model.pbtxt", "saved_model.cpb")
INITIALIZER = "__saved_model_init_op"
SERVING_DEFAULT = "serving_default"


@dataclass(frozen=True, slots=True)
class SavedModel:
    """The graphs of a directory, parsed.

    Attributes:
        path: The directory.
        proto: TensorFlow's `SavedModel` message.
    """

    path: Path
    proto: Any

    @property
    def tensorflow_version(self) -> str | None:
        """The release of TensorFlow that wrote it, where it says so."""
        return next((graph.meta_info_def.tensorflow_version for graph in self.proto.meta_graphs), None) or None

    def graph(self, tags: Iterable[str] | None) -> MetaGraph:
        """The graph with exactly these tags; without any, the only one.

        Raises:
            InvalidArgumentError: There is none, or there are several to choose from; the message names them.
        """
        graphs = [MetaGraph(graph) for graph in self.proto.meta_graphs]
        fitting = [graph for graph in graphs if tags is None or set(graph.tags) == set(tags)]
        if len(fitting) == 1:
            return fitting[0]
        there = " and ".join(str(sorted(graph.tags)) for graph in graphs)
        wanted = "several graphs" if tags is None else f"no graph with the tags {sorted(tags)}"
        raise InvalidArgumentError(
            f"the SavedModel {self.path.name} holds {wanted}", hint=f"meta_graph_tags is one of: {there}"
        )


@dataclass(frozen=True, slots=True)
class MetaGraph:
    """One graph of a SavedModel.

    Attributes:
        proto: TensorFlow's `MetaGraphDef` message.
    """

    proto: Any

    @property
    def tags(self) -> list[str]:
        """What it is for, such as `serve`."""
        return list(self.proto.meta_info_def.tags)

    @property
    def signatures(self) -> list[str]:
        """The keys of its signatures."""
        return sorted(set(self.proto.signature_def) - {INITIALIZER})

    def is_callable(self) -> bool:
        """Whether what is restored from it can be called with tensors."""
        nodes = self.proto.object_graph_def.nodes
        members = nodes[0].children if nodes else ()
        calls = (nodes[member.node_id].function for member in members if member.local_name == "__call__")
        return any(call.concrete_functions for call in calls)

    def viewed_by(self, key: str | None) -> str | None:
        """The signature through which the model predicts; None when the restored object is called.

        Args:
            key: The signature that was asked for.

        Raises:
            InvalidArgumentError: There is no such signature, none to choose, or there are several.
        """
        there = self.signatures
        if key is None and self.is_callable():
            return None
        chosen = key or (SERVING_DEFAULT if SERVING_DEFAULT in there or len(there) != 1 else there[0])
        if chosen in there:
            return chosen
        if there:
            wanted = "several signatures" if key is None else f"no signature {key!r}"
            raise InvalidArgumentError(
                f"the model has {wanted}", hint=f"signature_def_key is one of: {', '.join(there)}"
            )
        told = f" {key!r}" if key else " and cannot be called, so nothing can be predicted"
        raise InvalidArgumentError(
            f"the model has no signature{told}",
            hint="give it a tf.function with an input_signature, or saved_model_kwargs={'signatures': …}",
        )


def directory(path: str | os.PathLike[str]) -> Path:
    """The directory of a SavedModel that a user named.

    Raises:
        InvalidArgumentError: There is none.
    """
    place = Path(path)
    if not any((place / name).is_file() for name in (FILE, *OTHER_FORMS)):
        raise InvalidArgumentError(
            f"the tensorflow flavor saves the directory of a SavedModel, and the {type(path).__qualname__}"
            f" {os.fspath(path)!r} is none: there is no file {FILE} in it",
            hint="tf.saved_model.save(module, directory) makes one",
        )
    return place


def read(path: Path) -> SavedModel:
    """Parse the graphs of a directory.

    Raises:
        InvalidModelError: There are none, they cannot be read, or a file they name would lie outside.
    """
    from tensorflow.core.protobuf import saved_model_pb2

    others = [name for name in OTHER_FORMS if (path / name).exists()]
    if others:  # TensorFlow might read that one, and what is judged must be what is loaded
        raise InvalidModelError(
            f"{path.name} holds {others[0]}", hint=f"only {FILE} is read; load and save it with TensorFlow"
        )
    proto = saved_model_pb2.SavedModel()
    try:
        proto.ParseFromString((path / FILE).read_bytes())
    except Exception as error:  # missing, or protobuf's DecodeError, whose module has no types
        raise InvalidModelError(f"{path.name}/{FILE} cannot be read: {error}") from error
    _check_assets(path / "assets", [asset.filename for graph in proto.meta_graphs for asset in graph.asset_file_def])
    return SavedModel(path, proto)


def _check_assets(assets: Path, names: Iterable[str]) -> None:
    """TensorFlow would read any file that is named, and saves an object whose files are gone without a word."""
    for name in names:
        if not (assets / name).resolve().is_relative_to(assets.resolve()):
            raise InvalidModelError(f"the SavedModel names the asset {name!r}, which is no file of its own")
        if not (assets / name).is_file():
            raise InvalidModelError(
                f"the SavedModel lacks its asset {name!r}",
                hint="where an object was saved, its files have to be where it was made or loaded from",
            )


def restored(path: Path, tags: Sequence[str] | None, **arguments: Any) -> Any:
    """The object in a SavedModel, as TensorFlow restores it."""
    from modelpack_flavor_tensorflow.library import tensorflow

    return tensorflow().saved_model.load(str(path), tags=None if tags is None else list(tags), **arguments)
