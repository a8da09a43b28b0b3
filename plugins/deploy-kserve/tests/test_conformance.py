"""What every target has to do, with a stand-in for a cluster that runs the real scoring server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from api_server import Cluster, serving
from conftest import validate, write_kubeconfig

from modelpack.errors import ModelpackError
from modelpack.package.manifest import verify
from modelpack.testing import TargetTests

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from modelpack.testing.warm_programs import WarmPrograms

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


class FoundImages(Mapping[str, "Path"]):
    """Images by the digest of the model in them, wherever it lies below a directory."""

    def __init__(self, top: Path) -> None:
        """Look below `top`."""
        self._top = top

    def __getitem__(self, image: str) -> Path:
        for path in self._top.rglob("MLmodel"):
            if _digest(path.parent).removeprefix("sha256:")[:12] == image.partition(":")[2]:
                return path.parent
        raise KeyError(image)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def _digest(path: Path) -> str:
    try:
        return verify(path)
    except ModelpackError:  # it is being written
        return ""


class TestKServe(TargetTests):
    """Deployments with their services, in a namespace of a cluster of the tests' own."""

    target = "kserve"
    distribution = "modelpack-deploy-kserve"
    library = "kubernetes"
    has_logs = True
    exports = True
    more_than_a_page = 3
    patience = 120.0
    refused_names = ("Upper", "under_score", "a" * 54)

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _cluster(cls, tmp_path_factory: pytest.TempPathFactory, warm_programs: WarmPrograms) -> Iterator[None]:
        top = tmp_path_factory.getbasetemp()
        cluster = Cluster(tmp_path_factory.mktemp("cluster"), warm_programs, FoundImages(top), validate, page=2)
        with serving(cluster) as url:
            cls.cluster = cluster
            cls.url = url
            yield

    cluster: Cluster
    url: str

    def options(self, scratch: Path) -> Mapping[str, Any]:
        """The cluster, and images named by what is in them."""
        kubeconfig = write_kubeconfig(scratch / "kubeconfig", self.url)
        return {"kubeconfig": str(kubeconfig), "image": "kit:{digest}", "kind": "deployment", "start_timeout": 60}

    def footprint(self, options: Mapping[str, Any]) -> Collection[str]:  # noqa: ARG002 - there is one cluster
        """Every object, and every pod."""
        return self.cluster.names()

    @contextmanager
    def foreign(self, options: Mapping[str, Any]) -> Iterator[str]:  # noqa: ARG002 - there is one cluster
        """A deployment that somebody else made."""
        key = ("Deployment", "default", "theirs")
        metadata = {"name": "theirs", "namespace": "default", "labels": {}, "uid": "theirs"}
        self.cluster.objects[key] = {"kind": "Deployment", "metadata": metadata, "spec": {}}
        yield "theirs"
        del self.cluster.objects[key]

    def changed_options(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """More memory."""
        return {**options, "resources": {"memory": "1Gi"}}

    def observed(self, options: Mapping[str, Any], name: str) -> Mapping[str, Any]:  # noqa: ARG002 - there is one cluster
        """What the pods ask for."""
        pod = self.cluster.objects["Deployment", "default", name]["spec"]["template"]["spec"]
        return {"memory": pod["containers"][0]["resources"]["requests"]["memory"]}

    def changes(self, options: Mapping[str, Any]) -> int:  # noqa: ARG002 - there is one cluster
        """How many requests have asked for a change."""
        return sum(method != "GET" for method, _ in self.cluster.requests)
