"""The signature of a model that is being saved, from an input example and one prediction on it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from modelpack.errors import ModelFailureError
from modelpack.plugins import dispatch
from modelpack.schema.signature import ModelSignature

if TYPE_CHECKING:
    from modelpack.contexts import LoadContext
    from modelpack.interfaces import Flavor
    from modelpack.package.input_example import InputExample
    from modelpack.plugins.manager import PluginManager


def signature_of_example(example: InputExample) -> ModelSignature:
    """Inputs and params as the example shows them; outputs are unknown.

    Raises:
        InvalidArgumentError: No signature describes the example.
    """
    from modelpack.schema.inference import infer_params, infer_schema

    params = None if example.params is None else infer_params(example.params)
    return ModelSignature(inputs=infer_schema(example.data), params=params)


def with_outputs(
    manager: PluginManager, flavor: Flavor[Any, Any], model: Any, example: InputExample, context: LoadContext[Any]
) -> ModelSignature | None:
    """The signature of the context, with the outputs that the model in memory answers to the example.

    Nothing is loaded again. Without a generic Python view the outputs stay unknown.

    Args:
        manager: What calls the flavor.
        flavor: The model's flavor.
        model: The native model.
        example: The caller's example, which is left unchanged.
        context: The context of the prediction.

    Raises:
        ModelFailureError: The model cannot predict on the example.
    """
    from modelpack.schema.inference import infer_schema

    if not context.pyfunc_conf or context.signature is None:
        return context.signature
    try:
        predictor = dispatch.pyfunc_adapt(manager, flavor, model, context)
        outputs = infer_schema(predictor.predict(example.for_prediction(), example.params))
    except Exception as error:
        raise ModelFailureError(
            f"the signature cannot be inferred, because predicting on the input example failed: {error}",
            hint="correct the input example, give a signature, or save without one with signature=False",
        ) from error
    return replace(context.signature, outputs=outputs)
