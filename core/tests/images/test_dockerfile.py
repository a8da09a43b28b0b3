"""The text of a Dockerfile."""

from __future__ import annotations

import json
import re
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelpack.errors import InvalidArgumentError
from modelpack.images.contents import ImageContents
from modelpack.images.dockerfile import dockerfile
from modelpack.images.installer import FILES, VALUES

DIGEST = "sha256:" + "a" * 64
CONTENTS = ImageContents(
    python_version="3.12",
    requirements=("numpy==2.4.6",),
    digest=DIGEST,
    wheels=(Path("mine-1.0-py3-none-any.whl"),),
    system_packages=("libgomp1",),
    files={PurePosixPath("/opt/ml/model/MANIFEST.sha256"): b"", PurePosixPath("/etc/a file"): b""},
    model=Path("model"),
    environment={"MODELPACK_TRUST": DIGEST},
    labels={"title": "wine"},
)


def instructions(text: str) -> list[str]:
    """The instructions, continued lines joined, comments left out."""
    joined = text.replace("\\\n", "")
    return [re.sub(r"\s+", " ", line) for line in joined.splitlines() if line and not line.startswith("#")]


def test_dependencies_come_before_everything_of_the_model() -> None:
    """What changes with each version of a model stands behind the layer with its requirements."""
    text = dockerfile(CONTENTS)
    words = [line.split()[0] for line in instructions(text)]
    final = words[len(words) - words[::-1].index("FROM") :]
    copies = ["COPY", "COPY", "COPY"]
    assert final == ["WORKDIR", "RUN", *copies, "ENV", "LABEL", "USER", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD"]
    before, _, after = text.partition("COPY model/")
    assert DIGEST not in before
    assert "wine" not in before
    assert DIGEST in after


def test_nothing_is_run_by_a_shell_but_the_packages_of_debian() -> None:
    """The installer, the entry point and the health check are lists of words; no requirement stands in the file."""
    text = dockerfile(CONTENTS)
    shells = [line for line in instructions(text) if line.startswith("RUN") and "[" not in line]
    install = "RUN apt-get update && apt-get install -y --no-install-recommends libgomp1"
    assert shells == [f"{install} && rm -rf /var/lib/apt/lists/* /var/cache/apt/*"]
    assert "numpy" not in text
    for line in instructions(text):
        if line.startswith(("ENTRYPOINT", "CMD")):
            assert json.loads(line.partition(" ")[2])


def test_every_secret_that_the_installer_reads_is_mounted() -> None:
    """A secret is there for the one step that installs, and only if it is given."""
    mounted = re.findall(r"--mount=type=secret,id=(\w+)", dockerfile(CONTENTS))
    assert sorted(mounted) == sorted([*VALUES, *FILES])


def test_base_is_the_slim_python_of_the_version_or_another() -> None:
    """`--base` is taken as it is, if it is the name of an image."""
    assert "ARG BASE=python:3.12-slim\n" in dockerfile(CONTENTS)
    assert "ARG BASE=registry:5000/team/base@sha256:ab\n" in dockerfile(CONTENTS, "registry:5000/team/base@sha256:ab")
    for base in ("a b", "a\nRUN evil", "-x", ""):
        with pytest.raises(InvalidArgumentError, match="no name of an image"):
            dockerfile(CONTENTS, base)


def test_package_of_debian_is_a_name() -> None:
    """What a plugin states cannot be anything else."""
    contents = ImageContents(python_version="3.12", requirements=(), digest=DIGEST, system_packages=("a && evil",))
    with pytest.raises(InvalidArgumentError, match="no name of a Debian package"):
        dockerfile(contents)


@given(st.text(max_size=30))
def test_value_stays_inside_of_its_quotes(value: str) -> None:
    """However a model is called, its name is one value of one label, or is refused."""
    contents = ImageContents(python_version="3.12", requirements=(), digest=DIGEST, labels={"title": value})
    try:
        text = dockerfile(contents)
    except InvalidArgumentError:
        assert not value.isprintable()
        return
    (line,) = (line for line in text.splitlines() if line.startswith("LABEL"))
    match = re.fullmatch(r'LABEL title="((?:[^"\\$]|\\["\\$])*)"', line)
    assert match is not None
    assert re.sub(r"\\(.)", r"\1", match[1]) == value


def test_no_syntax_line_and_no_here_document() -> None:
    """Engines without access to Docker Hub read the file, and old ones."""
    assert "syntax=" not in dockerfile(CONTENTS)
    assert "<<" not in dockerfile(CONTENTS)
