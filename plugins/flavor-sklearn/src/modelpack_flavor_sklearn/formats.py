"""The three ways an estimator is written to and read from a file."""

from __future__ import annotations

import pickle
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidArgumentError, InvalidModelError, ModelFailureError
from modelpack_flavor_sklearn.audit import audit, untrusted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

SERIALIZATION_FORMAT_SKOPS = "skops"
SERIALIZATION_FORMAT_PICKLE = "pickle"
SERIALIZATION_FORMAT_CLOUDPICKLE = "cloudpickle"
SUPPORTED_SERIALIZATION_FORMATS = [
    SERIALIZATION_FORMAT_SKOPS,
    SERIALIZATION_FORMAT_PICKLE,
    SERIALIZATION_FORMAT_CLOUDPICKLE,
]
FILES = {
    SERIALIZATION_FORMAT_SKOPS: "model.skops",
    SERIALIZATION_FORMAT_PICKLE: "model.pkl",
    SERIALIZATION_FORMAT_CLOUDPICKLE: "model.pkl",
}


class UnsuitableError(InvalidArgumentError):
    """skops cannot hold a model so that it loads without trust; the message says why."""


def write_skops(model: Any, path: Path, admitted: Collection[str] = ()) -> list[str]:
    """Write a skops file and judge it by its names; the model is not loaded again.

    Args:
        model: The estimator.
        path: Where to write; nothing stays there when it fails.
        admitted: Names beyond the flavor's list that the caller admits.

    Returns:
        The names in it that skops does not trust by itself, sorted.

    Raises:
        UnsuitableError: skops cannot write it, would restore it differently, or it holds other names than the admitted.
    """
    import skops.io

    try:
        skops.io.dump(model, path)
    except Exception as error:  # skops raises what the objects in the model raise
        path.unlink(missing_ok=True)
        raise UnsuitableError(f"skops cannot write this {type(model).__name__}: {error}") from error
    found = audit(path)
    names = untrusted(path)
    beyond = found.beyond(names)
    reason = found.lossy
    if not beyond <= set(admitted):
        reason = f"it holds {', '.join(sorted(beyond - set(admitted)))}, which loading without trust does not admit"
    if reason is not None:
        path.unlink()
        raise UnsuitableError(f"skops cannot hold this {type(model).__name__}: {reason}")
    return sorted(names)


def read_skops(path: Path, require_trust: Callable[[str], None]) -> Any:
    """Load a skops file; names beyond the flavor's list need the caller's trust, whatever the model says of them.

    Raises:
        TrustError: It holds such names, and the caller does not trust the model.
        InvalidModelError: Its content is malformed (see `soundness`).
    """
    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    from modelpack_flavor_sklearn import soundness

    found = audit(path)
    if not found.misplaced:
        with suppress(UntrustedTypesFoundException):
            return soundness.checked(skops.io.load(path, trusted=sorted(found.listed)))
    beyond = found.beyond(untrusted(path))
    require_trust(f"{path.name} holds {', '.join(sorted(beyond))}, which can run code when it is loaded")
    return soundness.checked(skops.io.load(path, trusted=sorted(found.listed | beyond)))


def write_pickle(model: Any, path: Path, serialization_format: str) -> None:
    """Write with pickle or cloudpickle, in the protocol that every supported Python reads.

    Raises:
        ModelFailureError: The model holds something that cannot be pickled.
    """
    library: Any = pickle
    if serialization_format == SERIALIZATION_FORMAT_CLOUDPICKLE:
        import cloudpickle

        library = cloudpickle
    try:
        with path.open("wb") as file:
            library.dump(model, file, protocol=pickle.DEFAULT_PROTOCOL)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        hint = "cloudpickle also saves functions and classes of __main__: serialization_format='cloudpickle'"
        raise ModelFailureError(
            f"{serialization_format} cannot save this {type(model).__name__}: {error}",
            hint=hint if serialization_format == SERIALIZATION_FORMAT_PICKLE else None,
        ) from error


def read(path: Path, serialization_format: str, require_trust: Callable[[str], None]) -> Any:
    """Load a file of one of the three formats; core has asked for trust where the format needs it.

    Raises:
        InvalidModelError: The format is none of the three.
    """
    if serialization_format == SERIALIZATION_FORMAT_SKOPS:
        return read_skops(path, require_trust)
    if serialization_format not in SUPPORTED_SERIALIZATION_FORMATS:
        raise InvalidModelError(
            f"the model's serialization_format is {serialization_format!r},"
            f" which is none of {', '.join(SUPPORTED_SERIALIZATION_FORMATS)}",
        )
    with path.open("rb") as file:
        return pickle.load(file)  # noqa: S301 - core has made sure that the caller trusts the model
