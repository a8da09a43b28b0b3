"""The stand-in for SageMaker takes its time, and serves with the real server."""

from __future__ import annotations

import hashlib
import http.client
import io
import json
import os
import subprocess
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

sys.path.insert(0, str(Path(__file__).parent))

from sagemaker_simulator import Failure
from simulator_bench import BUCKET, FIRST, SECOND, Bench, empty_bench, refused, running_simulator, saved_models, variant  # noqa: F401 - fixtures

pytestmark = pytest.mark.slow


def test_an_update_that_fails_goes_back_to_what_served(bench: Bench) -> None:
    """The states take time, the old model answers all along, and in the end no process is left."""
    name = bench.serve()
    assert bench.answers(name) == FIRST
    second = bench.config("second", variant(bench.model("second")))
    bench.simulator.fail_next("update_endpoint", Failure.HEALTH_CHECK)
    bench.client.update_endpoint(EndpointName=name, EndpointConfigName=second)
    assert "Cannot update in-progress endpoint" in refused(bench.client.delete_endpoint, EndpointName=name)
    seen = {bench.describe(name)["EndpointStatus"]: bench.answers(name)}
    while (status := bench.describe(name)["EndpointStatus"]) != "InService":
        seen[status] = bench.answers(name)
    found = bench.describe(name)
    assert seen == {"Updating": FIRST, "RollingBack": FIRST}
    assert "did not pass the ping health check" in found["FailureReason"]
    assert (found["EndpointConfigName"], bench.answers(name)) == ("adder-config", FIRST)
    bench.client.update_endpoint(EndpointName=name, EndpointConfigName=second)
    bench.wait(name)
    assert (bench.answers(name), bench.simulator.processes()) == (SECOND, 1)
    bench.client.delete_endpoint(EndpointName=name)
    bench.wait(name, "endpoint_deleted")
    assert bench.simulator.processes() == 0


def test_a_model_that_does_not_load_fails_and_its_log_is_in_cloudwatch(bench: Bench) -> None:
    """The reason is in the log of the real server."""
    container = {"Image": bench.image, "ModelDataUrl": f"s3://{BUCKET}/first/model.tar.gz"}  # it is trusted by nobody
    bench.model()
    bench.model(ModelName="untrusted", PrimaryContainer=container)
    bench.client.create_endpoint(EndpointName="e", EndpointConfigName=bench.config("c", variant("untrusted")))
    with pytest.raises(WaiterError, match="Waiter EndpointInService failed"):
        bench.wait("e")
    assert bench.describe("e")["FailureReason"].startswith("The primary container for production variant all did not")
    events = bench.of("logs").filter_log_events(logGroupName="/aws/sagemaker/Endpoints/e")["events"]
    assert any("trust" in each["message"] for each in events)
    assert bench.simulator.processes() == 0


def test_traffic_is_divided_by_the_weights(bench: Bench) -> None:
    """Of ten requests exactly as many as the weights say; and a target goes before."""
    variants = [
        variant(bench.model(), "ten", InitialVariantWeight=7),
        variant(bench.model("second"), "twenty", InitialVariantWeight=3),
    ]
    bench.client.create_endpoint(EndpointName="e", EndpointConfigName=bench.config("c", *variants))
    bench.wait("e")
    assert [bench.answers("e")[0] for _ in range(10)].count(21.0) == 3
    assert bench.answers("e", TargetVariant="twenty") == SECOND
    desired = [{"VariantName": "twenty", "DesiredWeight": 0}]
    bench.client.update_endpoint_weights_and_capacities(EndpointName="e", DesiredWeightsAndCapacities=desired)
    bench.wait("e")
    assert {bench.answers("e")[0] for _ in range(5)} == {2.0}


def test_a_refused_body_is_a_model_error(bench: Bench) -> None:
    """With the server's own status and words."""
    name = bench.serve()
    with pytest.raises(ClientError) as caught:
        bench.of("sagemaker-runtime").invoke_endpoint(EndpointName=name, Body=b"{", ContentType="application/json")
    answer: Any = caught.value.response
    assert answer["Error"]["Code"] == "ModelError"
    assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["OriginalStatusCode"]) == (424, 400)
    assert "error_code" in answer["OriginalMessage"]


def test_a_transform_job_scores_objects_in_s3(bench: Bench) -> None:
    """Line by line, as its container asks for."""
    bench.of("s3").put_object(Bucket=BUCKET, Key="in/rows.csv", Body=b"x\n1\n")
    bench.client.create_transform_job(
        TransformJobName="job",
        ModelName=bench.model(),
        TransformInput={
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/in/"}},
            "ContentType": "text/csv",
        },
        TransformOutput={"S3OutputPath": f"s3://{BUCKET}/out", "Accept": "application/json", "AssembleWith": "Line"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )
    waiter = bench.client.get_waiter("transform_job_completed_or_stopped")
    waiter.wait(TransformJobName="job", WaiterConfig={"Delay": 0.1, "MaxAttempts": 300})
    written = bench.of("s3").get_object(Bucket=BUCKET, Key="out/rows.csv.out")["Body"].read()
    assert json.loads(written) == {"predictions": [2.0]}
    assert bench.simulator.processes() == 0


def test_no_request_is_dropped_while_one_model_replaces_another(bench: Bench) -> None:
    """The servers overlap, and a server finishes what it has begun."""
    name = bench.serve()
    seen = [bench.answers(name)]
    bench.client.update_endpoint(
        EndpointName=name, EndpointConfigName=bench.config("second", variant(bench.model("second")))
    )
    with ThreadPoolExecutor(3) as clients:
        while bench.describe(name)["EndpointStatus"] == "Updating":
            seen.extend(clients.map(bench.answers, [name] * 3))
    assert seen[0] == FIRST
    assert {tuple(each) for each in seen} <= {tuple(FIRST), tuple(SECOND)}
    assert bench.answers(name, TargetVariant="all") == SECOND


def test_a_canary_goes_back_when_an_alarm_goes_off(bench: Bench) -> None:
    """A part of the traffic has gone to the new model by then."""
    watch = bench.of("cloudwatch")
    alarm = {
        "AlarmName": "errors",
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": 1,
        "Threshold": 1.0,
    }
    watch.put_metric_alarm(**alarm, MetricName="m", Namespace="n", Period=60, Statistic="Sum")
    name = bench.serve()
    routing = {
        "Type": "CANARY",
        "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50},
        "WaitIntervalInSeconds": 60,
    }
    deployment = {
        "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing},
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]},
    }
    config = bench.config("second", variant(bench.model("second")))
    bench.client.update_endpoint(EndpointName=name, EndpointConfigName=config, DeploymentConfig=deployment)
    while SECOND not in [bench.answers(name) for _ in range(2)]:
        pass
    watch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="a test")
    bench.wait(name)
    found = bench.describe(name)
    assert "alarms went off" in found["FailureReason"]
    assert (found["EndpointConfigName"], bench.answers(name)) == ("adder-config", FIRST)
    assert found["LastDeploymentConfig"]["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"] == routing


def test_a_shadow_gets_a_copy_of_every_request(bench: Bench) -> None:
    """And answers nobody."""
    second = variant(bench.model("second"), "shadow")
    name = bench.serve(ShadowProductionVariants=[second])
    assert [bench.answers(name) for _ in range(3)] == [FIRST] * 3
    assert bench.simulator.invocations(name) == {"all": 3, "shadow": 3}


def test_a_model_that_is_in_the_image_is_served(bench: Bench) -> None:
    """With the image's variables, which say where it is and that it is trusted."""
    first = bench.models["first"]
    variables = {"MODELPACK_MODEL": "/opt/ml/model", "MODELPACK_TRUST": first.digest}
    image = bench.simulator.push_image("baked", model=first.path, environment=variables)
    bench.model(PrimaryContainer={"Image": image})
    bench.client.create_endpoint(EndpointName="e", EndpointConfigName=bench.config("c", variant("first")))
    bench.wait("e")
    assert bench.answers("e") == FIRST


def test_an_image_that_was_pushed_is_run(bench: Bench) -> None:
    """With the login that ECR gives: its variables count, and its model is served."""
    bench.simulator.host_images()
    ecr, first = bench.of("ecr"), bench.models["first"]
    uri = ecr.create_repository(repositoryName="mine")["repository"]["repositoryUri"]
    host, _, name = uri.partition("/")
    registry = PlainRegistry(host, ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"])
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.add(first.path, "opt/ml/model")
    config = {"config": {"Env": [f"MODELPACK_TRUST={first.digest}", "MODELPACK_MODEL=/opt/ml/model"]}}
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": registry.push_blob(name, json.dumps(config).encode()),
        "layers": [registry.push_blob(name, packed.getvalue())],
    }
    registry.send("PUT", f"/v2/{name}/manifests/1", json.dumps(manifest).encode(), str(manifest["mediaType"]))
    assert ecr.describe_images(repositoryName="mine")["imageDetails"][0]["imageTags"] == ["1"]
    bench.model(PrimaryContainer={"Image": f"{uri}:1"})
    bench.client.create_endpoint(EndpointName="e", EndpointConfigName=bench.config("c", variant("first")))
    bench.wait("e")
    assert bench.answers("e") == FIRST


class PlainRegistry:
    """A client of a registry."""

    def __init__(self, host: str, login: str) -> None:
        self._host, self._login = host, login

    def send(self, method: str, path: str, body: bytes = b"", content_type: str = "application/octet-stream") -> str:
        """Send a request, and answer where the server says to go on."""
        headers = {"Authorization": f"Basic {self._login}", "Content-Type": content_type}
        with closing(http.client.HTTPConnection(self._host)) as connection:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            assert answer.status < 300, answer.read()
            return answer.getheader("Location", "")

    def push_blob(self, name: str, content: bytes) -> dict[str, Any]:
        """Upload a blob in two requests, and answer its descriptor."""
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        location = self.send("POST", f"/v2/{name}/blobs/uploads/")
        self.send("PUT", f"{location}?digest={digest}", content)
        return {"mediaType": "application/octet-stream", "digest": digest, "size": len(content)}


def test_an_asynchronous_endpoint_answers_in_s3(bench: Bench) -> None:
    """It answers in no other way."""
    outputs = {"OutputConfig": {"S3OutputPath": f"s3://{BUCKET}/answers"}}
    name = bench.serve(AsyncInferenceConfig=outputs)
    runtime, storage = bench.of("sagemaker-runtime"), bench.of("s3")
    assert "is asynchronous" in refused(bench.answers, name=name)
    storage.put_object(Bucket=BUCKET, Key="question.csv", Body=b"x\n1\n")
    location = f"s3://{BUCKET}/question.csv"
    answer = runtime.invoke_endpoint_async(EndpointName=name, InputLocation=location, ContentType="text/csv")
    key = answer["OutputLocation"].removeprefix(f"s3://{BUCKET}/")
    storage.get_waiter("object_exists").wait(Bucket=BUCKET, Key=key, WaiterConfig={"Delay": 0.1, "MaxAttempts": 100})
    assert json.loads(storage.get_object(Bucket=BUCKET, Key=key)["Body"].read()) == {"predictions": FIRST[:1]}


def test_an_update_may_keep_weights_and_captured_data(bench: Bench) -> None:
    """A model that is not packed is served as well."""
    for file in bench.models["second"].path.rglob("*"):
        if file.is_file():
            key = f"loose/{file.relative_to(bench.models['second'].path).as_posix()}"
            bench.of("s3").put_object(Bucket=BUCKET, Key=key, Body=file.read_bytes())
    source = {"S3Uri": f"s3://{BUCKET}/loose/", "S3DataType": "S3Prefix", "CompressionType": "None"}
    container = {
        "Image": bench.image,
        "ModelDataSource": {"S3DataSource": source},
        "Environment": {"MODELPACK_TRUST": bench.models["second"].digest},
    }
    bench.model(ModelName="loose", PrimaryContainer=container)
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{BUCKET}/captured",
        "CaptureOptions": [{"CaptureMode": "Output"}],
    }
    name = bench.serve("second", DataCaptureConfig=capture)
    desired = [{"VariantName": "all", "DesiredWeight": 5, "DesiredInstanceCount": 3}]
    bench.client.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=desired)
    bench.wait(name)
    config = bench.config("loose-config", variant("loose"))
    bench.client.update_endpoint(EndpointName=name, EndpointConfigName=config, RetainAllVariantProperties=True)
    bench.wait(name)
    found = bench.describe(name)
    assert bench.answers(name) == SECOND
    assert found["DataCaptureConfig"]["CaptureStatus"] == "Started"
    (kept,) = found["ProductionVariants"]
    assert (kept["CurrentWeight"], kept["CurrentInstanceCount"]) == (5, 3)
    assert any(each.startswith(f"s3://{BUCKET}/captured/{name}/all/") for each in bench.simulator.names())


def test_it_runs_by_hand_and_ends_by_sigterm(tmp_path: Path) -> None:
    """Another process finds in its variables where it answers."""
    command = [sys.executable, "-m", "sagemaker_simulator", "--delay", "0"]
    with subprocess.Popen(command, cwd=Path(__file__).parent, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().strip() for _ in range(5)]
        told = dict(line.removeprefix("export ").split("=", 1) for line in lines)
        asking = "import boto3; print(boto3.client('sagemaker').list_models()['Models'])"
        variables = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **told}
        answer = subprocess.check_output([sys.executable, "-c", asking], env=variables, text=True)
        process.terminate()
        assert (answer.strip(), process.wait(60)) == ("[]", 0)
