"""A stand-in for a cluster: an API server over HTTP that keeps objects, and controllers that run the real server.

What it does as Kubernetes does: objects are validated against its schemas and KServe's definition; server-side apply
with one manager replaces that manager's fields; generations, resource versions, conflicts, label selectors, pages, and
the removal of what a removed object owns. A controller answers each new template with a pod, and a pod runs the
image's model behind `python -m modelpack serve`.
"""

from __future__ import annotations

import copy
import json
import os
import re
import socket
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from modelpack.testing.program import Program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from modelpack.testing.program import Process
    from modelpack.testing.warm_programs import WarmPrograms

Manifest = dict[str, Any]

PATH = re.compile(
    r"/(?:api/v1|apis/(?P<group>[^/]+)/(?P<version>[^/]+))"
    r"(?:/namespaces/(?P<namespace>[^/]+)/(?P<plural>[^/]+)(?:/(?P<name>[^/]+)(?:/(?P<rest>.*))?)?)?"
)
KINDS = {
    "deployments": "Deployment",
    "horizontalpodautoscalers": "HorizontalPodAutoscaler",
    "inferenceservices": "InferenceService",
    "pods": "Pod",
    "replicasets": "ReplicaSet",
    "services": "Service",
}
KSERVE = "serving.kserve.io"


@dataclass
class Pod:
    """One pod, and the server that it runs.

    Attributes:
        manifest: The object.
        port: Where the server listens.
        process: The server; None where the image cannot be pulled.
        log: Where the server writes.
    """

    manifest: Manifest
    port: int = 0
    process: Process | None = None
    log: Path | None = None

    def is_ready(self) -> bool:
        """Whether the readiness probe passes."""
        return self.process is not None and self.process.poll() is None and _answers(self.port)

    def stop(self) -> None:
        """End the server as Kubernetes does."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(30)


@dataclass
class Cluster:
    """What the API server keeps.

    Attributes:
        directory: Where the servers write their logs.
        programs: What starts them.
        images: The model in each image; what is missing cannot be pulled.
        validate: Called with each object that is written; raises `ValueError` for one that does not fit its schema.
        has_kserve: Whether it knows `InferenceService`.
        forbidden: Verbs that the account may not use.
        requests: Method and path of every request.
        page: The most objects that a list answers at a time.
    """

    directory: Path
    programs: WarmPrograms
    images: Mapping[str, Path]
    validate: Callable[[Manifest], None]
    has_kserve: bool = True
    forbidden: set[str] = field(default_factory=set)
    requests: list[tuple[str, str]] = field(default_factory=list)
    page: int = 500
    objects: dict[tuple[str, str, str], Manifest] = field(default_factory=dict)
    pods: dict[str, Pod] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    version: int = 0

    def stop(self) -> None:
        """End every server."""
        for pod in self.pods.values():
            pod.stop()

    def names(self) -> set[str]:
        """Everything that stands, pods too."""
        with self.lock:
            self.reconcile()
            return {f"{kind}/{name}" for kind, _, name in self.objects} | {f"Pod/{name}" for name in self.pods}

    def write(self, kind: str, key: tuple[str, str], manifest: Manifest, *, create: bool) -> tuple[int, Manifest]:
        """Create an object, or apply a manifest to it."""
        namespace, name = key
        standing = self.objects.get((kind, namespace, name))
        if create and standing is not None:
            return 409, _status(409, f'{kind} "{name}" already exists')
        wanted_version = manifest["metadata"].get("resourceVersion")
        if wanted_version is not None and (standing or {}).get("metadata", {}).get("resourceVersion") != wanted_version:
            return 409, _status(409, "the object has been modified; please apply your changes to the latest version")
        try:
            self.validate(manifest)
        except ValueError as error:
            return 422, _status(422, f"{kind} {name} is invalid: {error}")
        return 201 if standing is None else 200, self._stored(kind, key, manifest, standing)

    def _stored(self, kind: str, key: tuple[str, str], manifest: Manifest, standing: Manifest | None) -> Manifest:
        self.version += 1
        stored = copy.deepcopy(manifest)
        before: Manifest = standing["metadata"] if standing else {"generation": 0, "uid": f"uid-{self.version}"}
        changed = standing is None or standing["spec"] != stored["spec"]
        stored["metadata"] |= {
            "uid": before["uid"],
            "generation": before["generation"] + changed,
            "resourceVersion": str(self.version),
            "creationTimestamp": before.get("creationTimestamp", _now()),
        }
        stored["status"] = copy.deepcopy(standing.get("status", {})) if standing else {}
        self.objects[kind, *key] = stored
        return stored

    def remove(self, kind: str, key: tuple[str, str]) -> None:
        """Remove an object, its pods, and what it owns."""
        gone = self.objects.pop((kind, *key))
        for pod in self._pods_of(*key):
            self._end(pod)
        for (other, namespace, name), each in list(self.objects.items()):
            if any(owner["uid"] == gone["metadata"]["uid"] for owner in each["metadata"].get("ownerReferences", ())):
                self.remove(other, (namespace, name))

    def reconcile(self) -> None:
        """What controllers do: a pod for each template, the old one away when the new one is ready, the status."""
        for (kind, namespace, name), each in list(self.objects.items()):
            if kind in {"Deployment", "InferenceService"} and "modelpack/name" in each["metadata"]["labels"]:
                self._roll_out(kind, namespace, name, each)

    def _roll_out(self, kind: str, namespace: str, name: str, found: Manifest) -> None:
        template = _template(found)
        pods = self._pods_of(namespace, name)
        current = [pod for pod in pods if pod.manifest["spec"] == template["spec"]]
        if not current:
            current = [self._begun(namespace, name, template)]
            found["status"] = {**found["status"], "began": time.monotonic()}
        ready = current[0].is_ready()
        if ready:
            for old in [pod for pod in pods if pod not in current]:
                self._end(old)
        hopeless = current[0].process is None or current[0].process.poll() is not None  # no need to wait for it
        late = hopeless or time.monotonic() - found["status"].get("began", 0) > _deadline(found)
        available = sum(pod.is_ready() for pod in self._pods_of(namespace, name))
        found["status"] = {"began": found["status"].get("began", 0), **_told(kind, found, ready, late, available)}

    def _begun(self, namespace: str, name: str, template: Manifest) -> Pod:
        self.version += 1
        metadata = {"name": f"{name}-{self.version}", "namespace": namespace, "creationTimestamp": _now()}
        pod = Pod({"metadata": metadata | template["metadata"], "spec": template["spec"], "status": {}})
        container = template["spec"]["containers"][0]
        model = self.images.get(container["image"])
        if model is not None:
            pod.port, pod.log = _free_port(), self.directory / f"{metadata['name']}.log"
            environment = {each["name"]: each["value"] for each in container["env"] if "value" in each}
            pod.process = self._serving(model, pod.port, environment, pod.log)
        self.pods[metadata["name"]] = pod
        return pod

    def _serving(self, model: Path, port: int, environment: dict[str, str], log: Path) -> Process:
        command = ["-m", "modelpack", "serve", str(model), "--port", str(port)]
        with log.open("wb") as output:
            return self.programs.start(Program(command, {**os.environ, **environment}, Path.cwd()), output)

    def _end(self, pod: Pod) -> None:
        pod.stop()
        self.pods.pop(pod.manifest["metadata"]["name"], None)

    def _pods_of(self, namespace: str, name: str) -> list[Pod]:
        return [
            pod
            for pod in self.pods.values()
            if pod.manifest["metadata"]["namespace"] == namespace
            and pod.manifest["metadata"]["labels"]["modelpack/name"] == name
        ]

    def pod_objects(self, namespace: str) -> list[Manifest]:
        """The pods as objects."""
        return [
            {**pod.manifest, "status": {"containerStatuses": [_container_status(pod)]}}
            for pod in self.pods.values()
            if pod.manifest["metadata"]["namespace"] == namespace
        ]


def _template(found: Manifest) -> Manifest:
    if found["kind"] == "Deployment":
        template: Manifest = found["spec"]["template"]
        return template
    predictor = found["spec"]["predictor"]
    own = {"minReplicas", "maxReplicas", "scaleMetric", "scaleTarget", "labels", "annotations", "canaryTrafficPercent"}
    metadata = {"labels": predictor["labels"], "annotations": predictor["annotations"]}
    return {"metadata": metadata, "spec": {key: value for key, value in predictor.items() if key not in own}}


def _deadline(found: Manifest) -> float:
    if found["kind"] == "Deployment":
        return float(found["spec"]["progressDeadlineSeconds"])
    probe = found["spec"]["predictor"]["containers"][0]["startupProbe"]
    return float(probe["periodSeconds"] * probe["failureThreshold"])


def _told(kind: str, found: Manifest, ready: bool, late: bool, available: int) -> Manifest:  # noqa: FBT001 - facts
    common = {"observedGeneration": found["metadata"]["generation"]}
    failed = late and not ready
    if kind == "Deployment":
        reason = "ProgressDeadlineExceeded" if failed else "ReplicaSetUpdated"
        condition = {"type": "Progressing", "status": "False" if failed else "True", "reason": reason}
        counts = {"updatedReplicas": 1, "availableReplicas": available, "replicas": 1 if ready else 1 + available}
        return {**common, "conditions": [condition], **counts}
    percent = found["spec"]["predictor"].get("canaryTrafficPercent", 100)
    traffic = [{"latestRevision": True, "percent": percent}, {"percent": 100 - percent}]
    condition = {"type": "Ready", "status": "True" if ready else "False", "reason": "RevisionFailed" if failed else ""}
    url = f"http://{found['metadata']['name']}.{found['metadata']['namespace']}.example.com"
    return {**common, "conditions": [condition], "url": url, "components": {"predictor": {"traffic": traffic}}}


def _container_status(pod: Pod) -> Manifest:
    if pod.process is None:
        image = pod.manifest["spec"]["containers"][0]["image"]
        return {"state": {"waiting": {"reason": "ImagePullBackOff", "message": f"there is no image {image}"}}}
    if pod.process.poll() is not None and pod.log is not None:
        last = (pod.log.read_text(encoding="utf-8").splitlines() or [""])[-1]
        ended = {"exitCode": pod.process.returncode, "reason": "Error", "message": last}
        return {"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": ended}}
    return {"state": {"running": {}}}


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/health/ready", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _status(code: int, message: str) -> Manifest:
    return {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "message": message}


def _matches(found: Manifest, selector: str) -> bool:
    labels = found["metadata"].get("labels", {})
    for term in filter(None, selector.split(",")):
        key, equals, value = term.partition("=")
        if key not in labels or (equals and labels[key] != value):
            return False
    return True


class Handler(BaseHTTPRequestHandler):
    """One request to the API server."""

    cluster: Cluster
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer in two pieces waits 40 ms for the first one to be acknowledged

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Read an object, a list, a group, or a log."""
        self._answer("get")

    def do_POST(self) -> None:
        """Create an object, or call a service."""
        self._answer("create")

    def do_PATCH(self) -> None:
        """Apply or merge."""
        self._answer("patch")

    def do_DELETE(self) -> None:
        """Remove an object."""
        self._answer("delete")

    def _answer(self, verb: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = urlsplit(self.path)
        self.cluster.requests.append((self.command, parts.path))
        match = PATH.fullmatch(parts.path)
        if verb in self.cluster.forbidden:
            self._send(403, _status(403, f"the account may not {verb}"))
        elif match is None:
            self._send(404, _status(404, "the server could not find the requested resource"))
        elif match["rest"]:
            self._inner(match, body)
        else:
            with self.cluster.lock:
                self.cluster.reconcile()
                query = {key: values[0] for key, values in parse_qs(parts.query).items()}
                self._send(*self._object(verb, match, body, query))

    def _object(self, verb: str, match: re.Match[str], body: bytes, query: dict[str, str]) -> tuple[int, Manifest]:
        if match["group"] == KSERVE and not self.cluster.has_kserve:
            return 404, _status(404, "the server could not find the requested resource")
        if match["plural"] is None:
            return 200, {"resources": [{"name": "inferenceservices"}]}
        kind, namespace, name = KINDS[match["plural"]], match["namespace"], match["name"]
        if verb == "get" and name is None:
            return 200, self._page(kind, namespace, query)
        applied = self.headers["Content-Type"] == "application/apply-patch+yaml"
        if verb == "create" or applied:
            assert query["fieldManager"] == "modelpack"
            manifest = json.loads(body)
            key = (namespace, manifest["metadata"]["name"])
            return self.cluster.write(kind, key, manifest, create=not applied)
        return self._standing(verb, (kind, namespace, name), body, query)

    def _standing(
        self, verb: str, key: tuple[str, str, str], body: bytes, query: dict[str, str]
    ) -> tuple[int, Manifest]:
        found = self.cluster.objects.get(key)
        if found is None:
            return 404, _status(404, f'{key[0]} "{key[2]}" not found')
        if verb == "patch":
            found["spec"]["predictor"] |= json.loads(body)["spec"]["predictor"]
            self.cluster.reconcile()
        if verb == "delete":
            assert query["propagationPolicy"] == "Foreground"
            self.cluster.remove(key[0], key[1:])
        return 200, found

    def _page(self, kind: str, namespace: str, query: dict[str, str]) -> Manifest:
        every = [each for (what, where, _), each in self.cluster.objects.items() if (what, where) == (kind, namespace)]
        if kind == "Pod":
            every = self.cluster.pod_objects(namespace)
        found = [each for each in every if _matches(each, query.get("labelSelector", ""))]
        start, size = int(query.get("continue", 0)), min(int(query.get("limit", 500)), self.cluster.page)
        following = {"continue": str(start + size)} if start + size < len(found) else {}
        items = [{key: value for key, value in each.items() if key != "kind"} for each in found[start : start + size]]
        return {"kind": f"{kind}List", "metadata": following, "items": items}

    def _inner(self, match: re.Match[str], body: bytes) -> None:
        """A pod's log, or a request to a service."""
        if match["plural"] == "pods":
            pod = self.cluster.pods[match["name"]]
            text = pod.log.read_text(encoding="utf-8") if pod.log is not None else ""
            stamped = "".join(f"2026-01-01T00:00:{n:02}.0Z {line}\n" for n, line in enumerate(text.splitlines()))
            self._send(200, stamped)
            return
        name = match["name"].removesuffix("-predictor")
        ready = [pod for pod in self.cluster._pods_of(match["namespace"], name) if pod.is_ready()]
        if not ready:
            self._send(503, _status(503, f'no endpoints available for service "{match["name"]}"'))
            return
        url = f"http://127.0.0.1:{ready[-1].port}/{match['rest'].removeprefix('proxy/')}"
        headers = {"Content-Type": self.headers["Content-Type"], "Accept": self.headers["Accept"]}
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=30) as answer:
                self._send(answer.status, answer.read(), answer.headers["Content-Type"])
        except urllib.error.HTTPError as error:
            self._send(error.code, error.read(), error.headers["Content-Type"])

    def _send(self, code: int, content: Manifest | str | bytes, content_type: str = "application/json") -> None:
        text = json.dumps(content) if isinstance(content, dict) else content
        body = text.encode() if isinstance(text, str) else text
        self.send_response(code)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving(cluster: Cluster) -> Iterator[str]:
    """Answer requests to a cluster at the URL that this yields."""
    handler = type("ClusterHandler", (Handler,), {"cluster": cluster})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        cluster.stop()
