"""A MOJO in this process's Java virtual machine, scoring matrices of doubles."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidModelError, ModelFailureError
from modelpack_flavor_h2o import mojos
from modelpack_flavor_h2o.answers import Output
from modelpack_flavor_h2o.columns import Column
from modelpack_flavor_h2o.jvm import JVM, started_jvm

if TYPE_CHECKING:
    from pathlib import Path


class Mojo:
    """A model that H2O has exported; it needs no cluster, and no release in particular. Threads may share it.

    Attributes:
        columns: The columns that it takes, in its order.
        offset: The name of the column that is added to the score, for models that were trained with one.
        outputs: The columns that it answers.
    """

    def __init__(self, path: Path) -> None:
        """Read a MOJO; nothing of it runs: it is tables and texts, for one of H2O's own algorithms.

        Raises:
            InvalidModelError: It is none, damaged, or of a kind that does not score by itself.
            MissingDependencyError: There is no Java.
            ModelFailureError: Java cannot read it.
        """
        reason = mojos.unscorable(path)
        if reason is not None:
            raise InvalidModelError(f"{path.name} cannot be scored: {reason}")
        self._jvm = started_jvm()
        self._model = _read(self._jvm, path)
        names, levels = _texts(self._model.getNames()), self._model.getDomainValues()
        self.columns = [Column.of(names[place], _texts(levels[place])) for place in range(int(self._model.nfeatures()))]
        offset = self._model.getOffsetName()
        self.offset = None if offset is None else str(offset)
        self.outputs = _outputs(self._model)

    def score(self, rows: Any, offsets: Any = None) -> Any:
        """Score a matrix with a column for each of `columns`.

        Args:
            rows: Doubles; codes for categories, NaN for what is missing.
            offsets: A vector, for a model that has an offset.

        Returns:
            A matrix with a column for each of `outputs`.

        Raises:
            ModelFailureError: Java failed, or this process is a fork.
        """
        import numpy as np
        from jpype import JArray, JException

        jvm = started_jvm()
        scores = JArray.of(np.zeros((len(rows), int(self._model.getPredsSize()))))
        shifts = JArray.of(np.zeros(len(rows)) if offsets is None else np.ascontiguousarray(offsets))
        try:
            model = self._model.internal_threadSafeInstance()
            loop = _loop(jvm, has_offset=self.offset is not None)
            loop.invokeWithArguments([scores, model, JArray.of(np.ascontiguousarray(rows)), shifts])
        except JException as error:
            raise ModelFailureError(f"the MOJO failed to predict: {error}") from error
        return np.array(scores)[:, : len(self.outputs)]


def _read(jvm: JVM, path: Path) -> Any:
    from jpype import JException

    try:
        return jvm.load_mojo(path)
    except JException as error:
        raise ModelFailureError(f"Java cannot read the MOJO {path.name}: {error}") from error


def _outputs(model: Any) -> list[Output]:
    names, levels = _texts(model.getOutputNames()) or [], model.getOutputDomains()
    category = str(model.getModelCategory())
    return [Output.of(name, _texts(levels[place]), category) for place, name in enumerate(names)]


def _texts(array: Any) -> Any:
    """A Java array of strings as a list; None for none."""
    return None if array is None else [str(text) for text in array]


@cache
def _loop(jvm: JVM, *, has_offset: bool) -> Any:
    """A loop over rows that runs in Java: `(scores, model, rows, offsets) -> void`.

    It is put together from method handles, since a call from Python for every row would cost more than most models, and
    H2O's own loops read files. Of a model without an offset, `score0(row, scores)` is called, which all of them have.
    """
    from jpype import JArray, JClass, JDouble, JInt

    handles, method_type = JClass("java.lang.invoke.MethodHandles"), JClass("java.lang.invoke.MethodType").methodType
    model, vector, matrix = (
        jvm.h2o_class("hex.genmodel.GenModel").class_,
        JArray(JDouble).class_,
        JArray(JDouble, 2).class_,
    )
    nothing, whole, double = (JClass(f"java.lang.{name}").TYPE for name in ("Void", "Integer", "Double"))
    arguments = [vector, double, vector] if has_offset else [vector, vector]
    step = handles.publicLookup().findVirtual(model, "score0", method_type(vector, arguments))
    step = handles.collectArguments(step, len(arguments), handles.arrayElementGetter(matrix))
    if has_offset:
        step = handles.collectArguments(step, 2, handles.arrayElementGetter(vector))
    step = handles.collectArguments(step, 1, handles.arrayElementGetter(matrix))
    step = step.asType(step.type().changeReturnType(nothing))
    # now (model, rows, i[, offsets, i], scores, i), to become (i, scores, model, rows, offsets)
    order = [2, 3, 0, 4, 0, 1, 0] if has_offset else [2, 3, 0, 1, 0]
    body = handles.permuteArguments(
        step, method_type(nothing, [whole, matrix, model, matrix, vector]), JArray(JInt)(order)
    )
    count = handles.dropArguments(handles.arrayLength(matrix), 1, [model, matrix, vector])
    return handles.countedLoop(count, None, body)
