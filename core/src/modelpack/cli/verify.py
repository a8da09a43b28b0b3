"""`modelpack verify`: whether a model is what was saved."""

from __future__ import annotations

import sys

from modelpack.cli.options import JsonOption, ModelArgument, ModelOption, chosen_model
from modelpack.cli.output import print_json


def verify(model: ModelArgument = None, option: ModelOption = None, *, as_json: JsonOption = False) -> None:
    """Check every file of a model against its manifest and print its digest. Nothing of it is run.

    A model without a manifest, such as one that MLflow wrote, has a digest too, and nothing to be compared with.
    """
    from modelpack.package.load import open_model
    from modelpack.package.manifest import NAME, files

    stored = open_model(chosen_model(model, option))
    count = sum(1 for _ in files(stored.path))
    has_manifest = (stored.path / NAME).exists()
    if as_json:
        facts = {"path": str(stored.path), "digest": stored.digest, "files": count, "has_manifest": has_manifest}
        print_json(facts)
        return
    outcome = "as saved" if has_manifest else "no manifest to compare with"
    sys.stdout.write(f"{stored.digest}  {stored.path}: {count} files, {outcome}\n")
