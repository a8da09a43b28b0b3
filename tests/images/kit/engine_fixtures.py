"""Fixtures for tests with a real engine: put this directory on `sys.path`, and import them in a `conftest.py`.

```python
sys.path.insert(0, str(ROOT / "tests" / "images" / "kit"))
from engine_fixtures import docker_base, docker_engine, image_registry  # noqa: F401 - fixtures
```
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import base_image
import docker_engine as engines
import pytest
import registry
from docker_engine import DockerEngine


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[DockerEngine]:
    """A Docker engine of this test run's own."""
    with engines.docker_engine() as engine:
        yield engine


@pytest.fixture(scope="session")
def docker_base(docker_engine: DockerEngine) -> str:
    """The name of the base image, which the engine has; skips where tests run under another Python than is in it."""
    if f"{sys.version_info.major}.{sys.version_info.minor}" != base_image.PYTHON:
        pytest.skip(f"the base image has Python {base_image.PYTHON}, and models are of the Python that saves them")
    return docker_engine.add_base()


@pytest.fixture(scope="session")
def base_tar() -> Path:
    """The root file system of the base image; needs no engine."""
    return base_image.base_tar()


@pytest.fixture(scope="session")
def image_registry() -> Iterator[str]:
    """The address of an empty registry, `127.0.0.1:PORT`."""
    with registry.registry() as address:
        yield address
