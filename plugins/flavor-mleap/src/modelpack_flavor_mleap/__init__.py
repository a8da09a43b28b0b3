"""MLeap bundles for modelpack: written from Spark and scikit-learn without a jar, scored in NumPy without a JVM."""

from modelpack_flavor_mleap.api import (
    _load_pyfunc,
    add_to_model,
    load_model,
    log_model,
    read_bundle,
    save_model,
    write_bundle,
)
from modelpack_flavor_mleap.errors import MLeapSerializationException

__all__ = [
    "MLeapSerializationException",
    "_load_pyfunc",
    "add_to_model",
    "load_model",
    "log_model",
    "read_bundle",
    "save_model",
    "write_bundle",
]
