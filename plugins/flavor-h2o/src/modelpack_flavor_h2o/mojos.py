"""Writing a MOJO beside a model: H2O's format for scoring without H2O."""

from __future__ import annotations

import warnings
import zlib
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile, ZipFile

from modelpack.errors import InvalidModelError, ModelpackWarning
from modelpack_flavor_h2o.chatter import chatter_aside
from modelpack_flavor_h2o.failures import said

if TYPE_CHECKING:
    from pathlib import Path

CATEGORIES = ("AnomalyDetection", "Binomial", "Clustering", "Multinomial", "Ordinal", "Regression")
"""The kinds of models whose raw scores are what H2O's `predict` answers."""
_DESCRIPTION = "model.ini"
_DAMAGE = (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, KeyError, ValueError, OSError)
"""What reading a damaged archive may raise, by the place of the damage."""


def export(model: Any, path: Path) -> bool:
    """Write a model's MOJO, if H2O exports one that can stand for the model; else warn, in H2O's words.

    Returns:
        Whether there is one now.
    """
    reason = _refusal(model, path) or unscorable(path)
    if reason is None:
        return True
    path.unlink(missing_ok=True)
    warnings.warn(
        f"the model is saved without a MOJO, so scoring it will start H2O: {reason}", ModelpackWarning, stacklevel=2
    )
    return False


def unscorable(path: Path) -> str | None:
    """Why a MOJO does not answer by itself what H2O's `predict` answers; None when it does."""
    told = description(path)
    if told.get("algo") == "gam" or "_n_orig_names" in told:
        return "the MOJO takes columns that H2O makes of the model's own"
    if told.get("mean_imputation") == "false":
        return "the MOJO refuses rows in which something is missing, where H2O answers that nothing is known"
    if "calib_method" in told:
        return "the MOJO answers no calibrated probabilities"
    category = told.get("category")
    return None if category in CATEGORIES else f"modelpack scores no MOJO of the category {category}"


def description(path: Path) -> dict[str, str]:
    """What a MOJO says of itself in its first section.

    Raises:
        InvalidModelError: It is none, or damaged.
    """
    try:
        with ZipFile(path) as archive:
            damaged = archive.testzip()
            text = archive.read(_DESCRIPTION).decode("utf-8")
    except _DAMAGE as error:
        raise InvalidModelError(f"{path} is no MOJO, or is damaged: {error}") from error
    if damaged is not None:
        raise InvalidModelError(f"{path} is damaged: the check sum of {damaged} in it is wrong")
    lines = text.partition("[columns]")[0].splitlines()
    return {key.strip(): value.strip() for key, mark, value in (line.partition("=") for line in lines) if mark}


def _refusal(model: Any, path: Path) -> str | None:
    """Why H2O exports no MOJO; some models have none, and some releases leave it to the vendor's paid edition."""
    try:
        with chatter_aside():
            model.download_mojo(path=str(path))
    except Exception as error:  # noqa: BLE001 - any refusal leaves the binary, and is told
        return said(error)
    return None
