"""H2O's own binary files, which only the very release reads that wrote them."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidModelError, ModelFailureError
from modelpack_flavor_h2o.failures import failures_in_words

if TYPE_CHECKING:
    from pathlib import Path

_MAGIC = b"\x1c\xed"
_LONGEST = 64


def file_name(model_id: str) -> str:
    """The name of the file of a model: its id, as H2O does it, without what leads to another folder."""
    return re.sub(r"[^\w.-]", "_", model_id).lstrip(".") or "model"


def write(model: Any, path: Path) -> None:
    """Write a model that lives in a cluster, wherever that runs, into a file of this machine.

    Raises:
        ModelFailureError: H2O cannot write it.
    """
    import h2o

    with failures_in_words("write the model"):
        h2o.download_model(model, path=str(path.parent), filename=path.name)


def read(path: Path) -> Any:
    """Read a model into the cluster that this process is connected to, under the id that it had (as MLflow does).

    Raises:
        ModelFailureError: H2O cannot read it.
    """
    import h2o

    with failures_in_words(f"read {path.name}"):
        sent = h2o.api("POST /3/PostFile.bin", filename=str(path))["destination_frame"]
        try:
            answer = h2o.api("POST /99/Models.upload.bin/", data={"dir": sent})
        finally:
            with suppress(Exception):  # H2O has removed it, or what failed says more
                h2o.remove(sent)
        return h2o.get_model(answer["models"][0]["model_id"]["name"])


def check_release(path: Path, *, has_mojo: bool) -> None:
    """See that a file is of the installed release of H2O, before H2O is started for it.

    Args:
        path: The file.
        has_mojo: Whether the model could be scored without it.

    Raises:
        InvalidModelError: It is no file of H2O's.
        ModelFailureError: Another release has written it; the error says which has to be installed.
    """
    import h2o

    written, installed = release(path), str(h2o.__version__)
    if written != installed:
        other = "; modelpack.pyfunc scores the model's MOJO with any later one" if has_mojo else ""
        raise ModelFailureError(
            f"{path.name} was written by H2O {written}, and {installed} is installed; such a file is read by "
            f"exactly the release that wrote it",
            hint=f"pip install h2o=={written}{other}",
        )


def release(path: Path) -> str:
    """The release of H2O that wrote a file: it stands in the first bytes, after its length and one.

    Raises:
        InvalidModelError: It is no file of H2O's.
    """
    with path.open("rb") as file:
        head = file.read(len(_MAGIC) + 1 + _LONGEST)
    length = head[2] - 1 if len(head) > len(_MAGIC) else 0
    text = head[3 : 3 + length]
    if not head.startswith(_MAGIC) or len(text) != length or not re.fullmatch(rb"[\w.+-]+", text):
        raise InvalidModelError(f"{path} is no binary model of H2O")
    return text.decode("ascii")
