"""What a graph could do beside computing: the operations in a SavedModel, judged before it is loaded.

TensorFlow's graphs are programs. Nearly all operations compute on tensors; some read and write files, send over the
network, call back into Python, or run a graph that stands in a text. TensorFlow declares of each operation whether it
is stateful. Those that are not have no effects, and are admitted but for a few that read files or hide a graph
(`EXCLUDED`); those that are stateful are refused but for those that keep variables, tables, random numbers and the
like in memory (`ADMITTED`). An operation that this TensorFlow does not know is refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from modelpack_flavor_tensorflow.saved_models import SavedModel

EXCLUDED = re.compile(
    r"(Experimental)?\w*Dataset\w*"  # read and write files, and DatasetFromGraph runs a graph in a text
    r"|Debug(Identity|NanCount|NumericSummary)"  # write where they are told to
    r"|DecodeProtoV2|EncodeProto|GenerateVocabRemapping|MatchingFiles|ReadFile"
    r"|InitializeTableFromTextFile"
    r"|PyFuncStateless"
    r"|(Reader|Snapshot|TPU|Xla)\w*"
)
ADMITTED = re.compile(
    r"Variable|VariableV2|TemporaryVariable|VarHandleOp|VarIsInitializedOp|VariableShape|ReadVariableOp"
    r"|Assign(Add|Sub)?VariableOp|DestroyResourceOp|DisableCopyOnRead|GuaranteeConst|Empty|DeepCopy"
    r"|Resource(Gather|GatherNd|Scatter\w+|StridedSliceAssign|CountUpTo|Apply\w+|SparseApply\w+)"
    r"|StatefulPartitionedCall|If|While|Case|Assert|CheckNumerics(V2)?|DeviceIndex|Print|Timestamp"
    r"|Random(Uniform|UniformInt|StandardNormal|Gamma|Poisson|PoissonV2|Shuffle|Crop)|TruncatedNormal"
    r"|ParameterizedTruncatedNormal|Multinomial|NonDeterministicInts|Rng(ReadAndSkip|Skip)|StatelessRandomGetAlg"
    r"|Stateful(RandomBinomial|StandardNormal|StandardNormalV2|TruncatedNormal|Uniform|UniformFullInt|UniformInt)"
    r"|SampleDistortedBoundingBox(V2)?|\w+CandidateSampler"
    r"|(Anonymous)?(Mutable)?(Dense)?HashTable(OfTensors)?(V2)?|InitializeTable(V2)?"
    r"|LookupTable(Export|Find|Import|Insert|Remove|Size)(V2)?"
    r"|TensorArray\w*|Stack(Pop|Push|Close)?(V2)?|CudnnRNN\w*"
)
SAVER = re.compile(r"Save(V2|Slices)?|Restore(V2|Slice)?|MergeV2Checkpoints")
"""They write and read the variables when a model is saved and restored, and belong nowhere else."""
CALLS = {"PartitionedCall", "StatefulPartitionedCall"}
DEEPEST = 20
TABLE_OF_FILE = "InitializeTableFromTextFileV2"


def unsafe_operations(model: SavedModel, *, in_session: bool = False) -> list[str]:
    """The operations in a SavedModel that may do something else than compute, sorted.

    Args:
        model: The graphs.
        in_session: Whether a session of TensorFlow 1 will run them. TensorFlow 2 restores objects from functions, and
            runs the graph round them only where there are no objects, or several graphs.
    """
    graphs = model.proto.meta_graphs
    as_graph = in_session or len(graphs) != 1 or not graphs[0].HasField("object_graph_def")
    return sorted({name for graph in graphs for name in _unsafe(graph, as_graph=as_graph)})


def _unsafe(graph: Any, *, as_graph: bool) -> Iterator[str]:
    functions = {function.signature.name: function for function in graph.graph_def.library.function}
    for node in _nodes(graph.graph_def.node, functions.values()):
        if node.op != TABLE_OF_FILE and not SAVER.fullmatch(node.op) and not _is_harmless(node.op, functions):
            yield node.op
    for node in _predicting(graph, functions):
        if SAVER.fullmatch(node.op):
            yield node.op
    if not _tables_read_assets(graph, functions, as_graph=as_graph):
        yield TABLE_OF_FILE


def _is_harmless(operation: str, functions: dict[str, Any]) -> bool:
    from tensorflow.python.framework import op_def_registry

    if operation in functions:  # called by its name, as TensorFlow 1 did
        return True
    known = op_def_registry.get(operation)
    if known is None:
        return False
    return bool(ADMITTED.fullmatch(operation) if known.is_stateful else not EXCLUDED.fullmatch(operation))


def _nodes(main: Iterable[Any], functions: Iterable[Any]) -> Iterator[Any]:
    yield from main
    for function in functions:
        yield from function.node_def


def _predicting(graph: Any, functions: dict[str, Any]) -> Iterator[Any]:
    """The nodes that run when the model is initialized or predicts, with those of the functions they call."""
    waiting = [name for name in graph.object_graph_def.concrete_functions if name in functions]
    for node in _main_nodes(graph):
        yield node
        waiting += _called(node, functions)
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            for node in functions[name].node_def:
                yield node
                waiting += _called(node, functions)


def _main_nodes(graph: Any) -> Iterator[Any]:
    """The nodes that lead to an output of a signature, or to the initialization."""
    nodes = {node.name: node for node in graph.graph_def.node}
    outputs = [info.name for key in graph.signature_def.values() for info in key.outputs.values()]
    collected = [name for kept in graph.collection_def.values() for name in kept.node_list.value]
    waiting = [_node_name(name) for name in (*outputs, *collected)]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in nodes and name not in seen:
            seen.add(name)
            yield nodes[name]
            waiting += map(_node_name, nodes[name].input)


def _called(node: Any, functions: dict[str, Any]) -> list[str]:
    named = [node.op]
    for value in node.attr.values():
        named += [value.func.name, *(function.name for function in value.list.func)]
    return [name for name in named if name in functions]


def _node_name(tensor: str) -> str:
    return tensor.removeprefix("^").partition(":")[0]


def _tables_read_assets(graph: Any, functions: dict[str, Any], *, as_graph: bool) -> bool:
    """Whether every table that is filled from a file is filled from one of the model's assets."""
    own = {_node_name(asset.tensor_info.name) for asset in graph.asset_file_def}
    in_main = (node for node in graph.graph_def.node if node.op == TABLE_OF_FILE)
    if any(_node_name(node.input[1]) not in own for node in in_main):
        return False
    main = graph.graph_def.node if as_graph else ()
    in_functions = _Flow(graph.object_graph_def, functions, main)
    return all(
        in_functions.is_asset(name, node.input[1])
        for name, function in functions.items()
        for node in function.node_def
        if node.op == TABLE_OF_FILE
    )


class _Flow:
    """Where the arguments of functions come from."""

    def __init__(self, objects: Any, functions: dict[str, Any], main: Iterable[Any]) -> None:
        self._objects = objects
        self._arguments = {
            name: [argument.name for argument in function.signature.input_arg] for name, function in functions.items()
        }
        self._callers: dict[str, list[tuple[str | None, Any]]] = {name: [] for name in functions}
        for caller, nodes in [(None, main), *((name, function.node_def) for name, function in functions.items())]:
            for node in nodes:
                for called in _called(node, functions):
                    self._callers[called].append((caller, node))

    def is_asset(self, name: str | None, tensor: str, depth: int = 0) -> bool:
        """Whether a tensor in a function is an argument that is an asset of the model wherever it is called."""
        arguments = self._arguments.get(name or "", [])
        if name is None or tensor not in arguments or depth > DEEPEST:
            return False
        place = arguments.index(tensor)
        return self._is_bound(name, place) and all(
            node.op in CALLS and self.is_asset(caller, node.input[place], depth + 1)
            for caller, node in self._callers[name]
        )

    def _is_bound(self, name: str, place: int) -> bool:
        """Whether TensorFlow hands the function an asset there, if it calls it by itself at all."""
        if name not in self._objects.concrete_functions:
            return True
        bound = self._objects.concrete_functions[name].bound_inputs
        free = len(self._arguments[name]) - len(bound)
        return place >= free and self._objects.nodes[bound[place - free]].WhichOneof("kind") == "asset"
