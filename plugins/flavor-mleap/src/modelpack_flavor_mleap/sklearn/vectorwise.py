"""Transformers that work on all features at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack_flavor_mleap import values
from modelpack_flavor_mleap.errors import MLeapSerializationException

if TYPE_CHECKING:
    from modelpack_flavor_mleap.sklearn.builder import Block, Builder


def standard_scaler(step: Any, block: Block, builder: Builder) -> Block:
    """Less the mean, by the deviation."""
    return _scaled(block, builder, step.mean_ if step.with_mean else None, step.scale_ if step.with_std else None)


def robust_scaler(step: Any, block: Block, builder: Builder) -> Block:
    """Less the median, by the span."""
    return _scaled(block, builder, step.center_, step.scale_)


def min_max_scaler(step: Any, block: Block, builder: Builder) -> Block:
    """As a scaler by mean and deviation, for MLeap's own answers otherwise where a feature was constant."""
    if step.clip:
        raise MLeapSerializationException("MLeap's scaler does not clip")
    return _scaled(block, builder, -step.min_ / step.scale_, 1.0 / step.scale_)


def max_abs_scaler(step: Any, block: Block, builder: Builder) -> Block:
    """By the largest absolute value."""
    return builder.mapped(block, "max_abs_scaler", {"maxAbs": values.vector(step.scale_)})


def normalizer(step: Any, block: Block, builder: Builder) -> Block:
    """By the norm of each row."""
    power = {"l1": 1.0, "l2": 2.0, "max": float("inf")}[step.norm]
    width = builder.vector(block)
    attributes = {"p_norm": values.number(power), "input_size": values.small(width.width or 1)}
    return builder.mapped((width,), "normalizer", attributes)


def binarizer(step: Any, block: Block, builder: Builder) -> Block:
    """One above a threshold."""
    source = builder.vector(block)
    attributes = {
        "threshold": values.number(step.threshold),
        "input_shape": values.a_shape(source.width, nullable=False),
    }
    return builder.mapped((source,), "binarizer", attributes)


def pca(step: Any, block: Block, builder: Builder) -> Block:
    """Less the mean, on the components, and by their deviations where they shall be white."""
    import numpy as np

    centred = _scaled(block, builder, step.mean_, None)
    projected = _projected(step, centred, builder)
    return _scaled(projected, builder, None, np.sqrt(step.explained_variance_)) if step.whiten else projected


def truncated_svd(step: Any, block: Block, builder: Builder) -> Block:
    """On the components."""
    return _projected(step, block, builder)


def polynomial_features(step: Any, block: Block, builder: Builder) -> Block:
    """Products of the features, each named as MLeap's operator reads it."""
    terms = [
        " ".join(f"x{place}" if power == 1 else f"x{place}^{power}" for place, power in enumerate(row) if power) or "1"
        for row in step.powers_.tolist()
    ]
    attributes = {"combinations": values.text(f"[{','.join(terms)}]")}
    return builder.mapped(block, "sklearn_polynomial_expansion", attributes, len(terms))


def selector(step: Any, block: Block, builder: Builder) -> Block:
    """Some of the features."""
    chosen = step.get_support(indices=True)
    source = builder.vector(block)
    attributes = {
        "indices": values.wholes(chosen),
        "names": values.texts([]),
        "named_indices": values.smalls([]),
        "input_size": values.small(source.width or 1),
    }
    return builder.mapped((source,), "vector_slicer", attributes, len(chosen))


def _projected(step: Any, block: Block, builder: Builder) -> Block:
    components = step.components_
    return builder.mapped(block, "pca", {"principal_components": values.matrix(components.T)}, len(components))


def _scaled(block: Block, builder: Builder, mean: Any, scale: Any) -> Block:
    if mean is None and scale is None:
        return block
    attributes = values.given(
        mean=None if mean is None else values.vector(mean), std=None if scale is None else values.vector(scale)
    )
    return builder.mapped(block, "standard_scaler", attributes)


TRANSFORMERS = {
    "StandardScaler": standard_scaler,
    "RobustScaler": robust_scaler,
    "MinMaxScaler": min_max_scaler,
    "MaxAbsScaler": max_abs_scaler,
    "Normalizer": normalizer,
    "Binarizer": binarizer,
    "PCA": pca,
    "TruncatedSVD": truncated_svd,
    "PolynomialFeatures": polynomial_features,
    "VarianceThreshold": selector,
    "SelectKBest": selector,
    "SelectPercentile": selector,
    "SelectFpr": selector,
    "SelectFdr": selector,
    "SelectFwe": selector,
    "SelectFromModel": selector,
}
