"""What the tests with real engines share."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "kit"))

from engine_fixtures import base_tar, docker_base, docker_engine, image_registry  # noqa: F401 - fixtures

from modelpack.testing.fixtures import modelpack_home  # noqa: F401 - a fixture
