"""Batch jobs: each runs the deployment's scoring script over the files of its input."""

from __future__ import annotations

import uuid
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from azure_simulator.containers import inherited_variables
from azure_simulator.messages import Call, Document, Reply, ServiceError
from azure_simulator.starting import script_of, with_model
from azure_simulator.workspace import Collection
from modelpack.testing.program import Program

if TYPE_CHECKING:
    from azure_simulator.resources import Key
    from azure_simulator.workspace import Workspace
    from modelpack.testing.program import Process

DRIVER = Path(__file__).with_name("batch_driver.py")
ENDED = frozenset({"Completed", "Failed", "Canceled"})


class Jobs(Collection):
    """The batch jobs of a workspace."""

    def __init__(self, workspace: Workspace) -> None:
        """Keep them in the workspace."""
        super().__init__(workspace)
        self._processes: dict[str, Process] = {}

    def submit(self, call: Call) -> Reply:
        """Start a job: answers `POST /batch/NAME/jobs`."""
        name = call.path.split("/")[2]
        endpoint = self._resources.get(("batchEndpoints", name))
        if call.headers.get("authorization") != f"Bearer {self._workspace.token}":
            raise ServiceError(401, "Unauthorized", "The access token is missing or invalid.")
        self._workspace.schemas.check_request("POST", "jobs", call.document())
        asked = call.document()["properties"]
        default = (endpoint["properties"].get("defaults") or {}).get("deploymentName")
        chosen = call.headers.get("azureml-model-deployment") or default
        if not chosen:
            raise ServiceError(400, "BadArgument", f"Endpoint {name} has no default deployment.")
        deployment = self._resources.get(("batchEndpoints", name, "deployments", chosen))
        if deployment["properties"]["provisioningState"] != "Succeeded":
            raise ServiceError(400, "BadArgument", f"Deployment {chosen} is not ready.")
        return Reply(201, self._begun(name, deployment, asked))

    def _begun(self, endpoint: str, deployment: Document, asked: Document) -> Document:
        name = asked.get("name") or f"batchjob-{uuid.uuid4()}"
        key = ("jobs", name)
        with self._resources.lock:
            if self._resources.find(key) is not None:
                raise ServiceError(409, "UserError", f"A job with the name {name} already exists.")
            inputs = [self._blobs_of(each) for each in (asked.get("inputData") or {}).values() if each.get("uri")]
            if not inputs:
                raise ServiceError(400, "BadArgument", "The job has no input.")
            output = self._output(name, deployment, asked)
            uri = self._workspace.blobs.uri(output)
            properties = {
                "jobType": "Pipeline",
                "status": "Running",
                "displayName": name,
                "experimentName": (asked.get("properties") or {}).get("experimentName", endpoint),
                "properties": {"azureml.deploymentname": deployment["name"], "azureml.endpointname": endpoint},
                "tags": {},
                "services": {},
                "inputs": {},
                "jobs": {},
                "outputs": {"score": {"jobOutputType": "uri_file", "uri": uri, "mode": "Upload"}},
            }
            stored = self._resources.put(key, {"properties": properties})
        self._workspace.operations.begin(partial(self._run, stored, deployment, inputs, output))
        return stored

    def _blobs_of(self, given: Document) -> str:
        path = self._workspace.blobs.path(given["uri"])
        if path is None and (key := self._resources.key(given["uri"])):
            path = self._workspace.blobs.path(self._resources.get(key)["properties"]["dataUri"])
        if path is None or not self._workspace.blobs.below(path):
            raise ServiceError(400, "BadArgument", f"There is nothing at the input {given['uri']}.")
        return path

    def _output(self, name: str, deployment: Document, asked: Document) -> str:
        """The blob with the predictions."""
        file = asked.get("outputFileName") or deployment["properties"]["outputFileName"]
        for wanted in (asked.get("outputData") or {}).values():
            path = self._workspace.blobs.path(wanted.get("uri") or "")
            if path is None:
                raise ServiceError(400, "BadArgument", f"The output {wanted.get('uri')} is no path of the datastore.")
            return path if wanted["jobOutputType"].lower() in {"urifile", "uri_file"} else f"{path}/{file}"
        return f"azureml/{name}/score/{file}"

    def _run(self, job: Document, deployment: Document, inputs: list[str], output: str) -> None:
        if job["properties"]["status"] == "Canceled":
            return
        try:
            code = self._scored(job, deployment, inputs, output)
        except BaseException:
            job["properties"]["status"] = "Failed"
            raise
        if job["properties"]["status"] != "Canceled":
            job["properties"]["status"] = "Failed" if code else "Completed"

    def _scored(self, job: Document, deployment: Document, inputs: list[str], output: str) -> int:
        properties = deployment["properties"]
        directory = self._workspace.new_directory(("jobs", job["name"]))
        variables = dict(properties["environmentVariables"])
        if properties.get("model"):
            reference = {"model": properties["model"]["assetId"]}
            variables = with_model(self._workspace, reference, variables, directory)
        script = script_of(self._workspace, properties["codeConfiguration"], directory)
        for path in inputs:
            self._workspace.blobs.copy_to(path, directory / "input")
        results = directory / "output"
        results.mkdir()
        arguments = (str(script), str(directory / "input"), str(results / Path(output).name))
        limits = (str(properties["miniBatchSize"]), str(properties["errorThreshold"]))
        told = inherited_variables() | variables | {"AZUREML_BI_OUTPUT_PATH": str(results)}
        program = Program([str(DRIVER), *arguments, *limits], told, Path.cwd())
        code = self._driven(job["name"], program, directory / "std_log.txt")
        for file in sorted(each for each in results.rglob("*") if each.is_file()) if code == 0 else ():
            blob = str(Path(output).parent / file.relative_to(results).as_posix())
            self._workspace.blobs.write(blob, file.read_bytes())
        return code

    def _driven(self, name: str, program: Program, log: Path) -> int:
        with log.open("wb") as output:
            process = self._processes[name] = self._workspace.programs.start(program, output)
        code = process.wait()
        self._workspace.blobs.write(f"azureml/{name}/user_logs/std_log.txt", log.read_bytes())
        del self._processes[name]
        return code

    def answer(self, key: Key, call: Call) -> Reply:
        """Answer a request for one job, or cancel it."""
        job = self._resources.get(key[:2])
        if call.method == "POST" and key[-1].lower() == "cancel":
            if job["properties"]["status"] not in ENDED:
                job["properties"]["status"] = "Canceled"
                self._end(job["name"])
            return Reply(200)
        return Reply(200, job)

    def run(self, name: str) -> Document:
        """What the run history knows of a job, with the last line of its log as the error."""
        status = self._resources.get(("jobs", name))["properties"]["status"]
        log = f"azureml/{name}/user_logs/std_log.txt"
        if log not in self._workspace.blobs.names():
            return {"runId": name, "status": status, "logFiles": {}}
        url = f"{self._workspace.blobs.url}/{log}?{self._workspace.blobs.signature}"
        lines = self._workspace.blobs.read(log).decode(errors="replace").splitlines() or [""]
        error = {"error": {"error": {"code": "UserError", "message": lines[-1]}}} if status == "Failed" else {}
        return {"runId": name, "status": status, "logFiles": {"user_logs/std_log.txt": url}, **error}

    def stop(self) -> None:
        """End every job."""
        for name in list(self._processes):
            self._end(name)

    def _end(self, name: str) -> None:
        process = self._processes.get(name)
        if process is not None:
            process.terminate()

    def of_endpoint(self, endpoint: str, deployment: str | None) -> list[Document]:
        """The jobs of an endpoint, or of one of its deployments."""
        wanted = {"azureml.endpointname": endpoint} | ({"azureml.deploymentname": deployment} if deployment else {})
        return [
            job
            for job in self._resources.children(("jobs",))
            if wanted.items() <= job["properties"]["properties"].items()
        ]
