"""Model files: LightGBM's text for boosters, skops or a pickle for estimators, as MLflow has them."""

from __future__ import annotations

import json
import pickle
import re
from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidArgumentError, InvalidModelError, ModelFailureError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_ESTIMATORS = ("LGBMClassifier", "LGBMModel", "LGBMRanker", "LGBMRegressor")
ALLOWED = {"collections.OrderedDict", "lightgbm.basic.Booster", *(f"lightgbm.sklearn.{name}" for name in _ESTIMATORS)}
"""What a skops file may hold so that loading it needs no trust; a booster in it is LightGBM's text again."""
_CATEGORIES = "\npandas_categorical:"


def write_text(booster: Any, path: Path) -> None:
    """Write a booster, up to its best iteration, as LightGBM does."""
    path.write_bytes(booster.model_to_string().encode())


def read_text(path: Path) -> Any:
    """Read a booster.

    Raises:
        InvalidModelError: The file is cut off, or no model of LightGBM's.
    """
    import lightgbm

    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise InvalidModelError(f"{path.name} is no text, and so no model of LightGBM's") from error
    if not _is_whole(text):
        raise InvalidModelError(f"{path.name} is cut off, or no model that LightGBM's Python package wrote")
    return lightgbm.Booster(model_str=text)


def _is_whole(text: str) -> bool:
    """Whether all trees are there, each as long as the head says, and the categories after them.

    LightGBM itself reads what it finds, and answers with that, or ends the process.
    """
    head, _, rest = text.partition("\n\nTree=")
    sizes = re.search(r"^tree_sizes=([\d ]*)$", head, re.MULTILINE)
    body, end, tail = ("\n\nTree=" + rest).partition("\nend of trees\n")
    categories = tail.rpartition(_CATEGORIES)[2] if _CATEGORIES in tail else "missing"
    try:
        json.loads(categories)
    except ValueError:
        return False
    expected = sum(map(int, sizes[1].split())) if sizes else None
    length = len(body.encode()) - 1
    return bool(end) and head.startswith("tree\n") and text.endswith("\n") and expected in {None, length}


def write_skops(model: Any, path: Path) -> list[str]:
    """Write an estimator with skops.

    Returns:
        The names in it that skops does not trust by itself, for MLflow.

    Raises:
        InvalidArgumentError: It holds something that would not load without trust; nothing stays at the path.
    """
    import skops.io

    try:
        skops.io.dump(model, path)
        names = skops.io.get_untrusted_types(file=path)
        beyond = sorted(set(names) - ALLOWED)
        problem = f"it holds {', '.join(beyond)}" if beyond else None
    except Exception as error:  # noqa: BLE001 - skops raises what the objects in the model raise
        names, problem = [], str(error)
    if problem is not None:
        path.unlink(missing_ok=True)
        raise InvalidArgumentError(f"skops cannot hold this {type(model).__name__}: {problem}")
    return sorted(names)


def read_skops(path: Path, require_trust: Callable[[str], None]) -> Any:
    """Read an estimator; names beyond the flavor's list need the caller's trust, whatever the model says of them.

    Raises:
        TrustError: It holds such names, and the caller does not trust the model.
        InvalidModelError: Its booster holds no model, which LightGBM would look for anyway.
    """
    import skops.io

    names = skops.io.get_untrusted_types(file=path)
    beyond = sorted(set(names) - ALLOWED)
    if beyond:
        require_trust(f"{path.name} holds {', '.join(beyond)}, which can run code when it is loaded")
    model = skops.io.load(path, trusted=names)
    booster = getattr(model, "_Booster", None)
    if getattr(booster, "_handle", None) is None:
        raise InvalidModelError(f"the estimator in {path.name} holds no booster")
    return model


def write_pickle(model: Any, path: Path, serialization_format: str) -> None:
    """Write an estimator with pickle or cloudpickle.

    Raises:
        ModelFailureError: It holds something that cannot be pickled.
    """
    library: Any = pickle
    if serialization_format == "cloudpickle":
        import cloudpickle

        library = cloudpickle
    try:
        path.write_bytes(library.dumps(model, protocol=pickle.DEFAULT_PROTOCOL))
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise ModelFailureError(f"{serialization_format} cannot save this {type(model).__name__}: {error}") from error


def read_pickle(path: Path) -> Any:
    """Read an estimator; core has made sure that the caller trusts the model."""
    with path.open("rb") as file:
        return pickle.load(file)  # noqa: S301 - see above
