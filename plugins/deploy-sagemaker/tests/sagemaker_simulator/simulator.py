"""The simulator as tests use it."""

from __future__ import annotations

import json
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any, Self

from moto.ecr.models import ecr_backends
from moto.iam.models import iam_backends
from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.s3.models import s3_backends
from werkzeug.serving import make_server

from sagemaker_simulator import quotas, standing
from sagemaker_simulator.account import Account
from sagemaker_simulator.control import Control
from sagemaker_simulator.front import Front
from sagemaker_simulator.place import ACCOUNT, Image, Settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

    from modelpack.testing.warm_programs import WarmPrograms
    from sagemaker_simulator.calls import Call
    from sagemaker_simulator.engine import RunCommand
    from sagemaker_simulator.failures import Failure

REGION = "us-east-1"
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


class SageMakerSimulator:
    """Amazon SageMaker, S3, IAM, ECR and what else it takes, at `url`, while the context lasts.

    Attributes:
        url: Where it answers.
        region: The region that the helpers work in; every region answers.
    """

    def __init__(
        self,
        directory: Path,
        programs: WarmPrograms,
        *,
        port: int = 0,
        region: str = REGION,
        delay: float = 1.0,
        page_size: int = 10,
        patience: float = 60.0,
    ) -> None:
        """Answer on a port, a free one if it is 0.

        Args:
            directory: Where models are unpacked while they are served.
            programs: What starts servers.
            port: The port.
            region: The region that the helpers work in.
            delay: Seconds that each change of state takes at least.
            page_size: The most that a listing answers at a time.
            patience: Seconds until a container that does not pass its health check has failed at the latest.
        """
        self.region = region
        front = Front(lambda: self._account, Control(self), DomainDispatcherApplication(create_backend_app))
        self._server = make_server("127.0.0.1", port, front, threaded=True, request_handler=_quiet_handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        address = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{address}"
        self._settings = Settings(directory, programs, delay, page_size, patience, region, address)
        self._account = Account(self._settings)

    def __enter__(self) -> Self:
        """Begin to answer; nothing stands yet."""
        self.reset()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every server, and answer no more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self.reset()

    def reset(self) -> None:
        """Forget everything, and end every server."""
        self._account.close()
        self._account = Account(self._settings)
        moto_api_backend.reset()

    def environment(self) -> dict[str, str]:
        """The variables that lead boto3 here, in this process or another."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "simulated",
            "AWS_SECRET_ACCESS_KEY": "simulated",
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def fail_next(self, operation: str, failure: Failure, *, times: int | None = 1) -> None:
        """Let the next calls of an operation fail.

        Args:
            operation: Its name, such as `create_endpoint`.
            failure: What goes wrong.
            times: How many calls; None for all that come.
        """
        self._account.failures.plan(operation, failure, times)

    def fail_no_more(self) -> None:
        """Let everything succeed that can."""
        self._account.failures.clear()

    def create_role(self, name: str = "sagemaker", trust: Mapping[str, Any] | None = None) -> str:
        """Create a role, which SageMaker may take on unless the trust policy is another.

        Returns:
            Its ARN.
        """
        document = json.dumps(_TRUST if trust is None else trust)
        backend: Any = iam_backends[ACCOUNT]["aws"]
        role = backend.create_role(name, document, "/service-role/", None, "", [], None)
        return str(role.arn)

    def create_bucket(self, name: str) -> str:
        """Create a bucket in the region."""
        s3_backends[ACCOUNT]["aws"].create_bucket(name, self.region)
        return name

    def push_image(
        self, name: str = "modelpack", tag: str = "1", *, model: Path | None = None, environment: Mapping[str, str] = {}
    ) -> str:
        """Push an image to ECR.

        Args:
            name: Its repository, which is created where it is missing.
            tag: Its tag.
            model: The model that is in it; None for one that gets its model from S3.
            environment: The variables that are set in it.

        Returns:
            Its URI.
        """
        backend: Any = ecr_backends[ACCOUNT][self.region]
        if name not in backend.repositories:
            backend.create_repository(name, None, None, None, "MUTABLE", [])
        manifest = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "name": name, "tag": tag}
        backend.put_image(name, json.dumps(manifest), tag)
        uri = f"{ACCOUNT}.dkr.ecr.{self.region}.amazonaws.com/{name}:{tag}"
        self._account.images[uri] = Image(model, environment)
        return uri

    def host_images(self, run_command: RunCommand | None = None) -> None:
        """Let ECR say that its repositories are here, until the next reset: images can then be pushed and run.

        Otherwise ECR names its own hosts, as it does, and nothing can be pushed there without a network.

        Args:
            run_command: How an engine runs an image; without it, the server in the image runs in a process of this
                Python, with the model and the variables of the image.
        """
        self._account.hosts_images = True
        self._account.run_command = run_command

    def set_quota(self, instance_type: str, limit: int) -> None:
        """Let there be so many instances of a type behind endpoints at most; otherwise there may be 20 of each."""
        quotas.set_quota(self._account.place(self.region), instance_type, limit)

    def create_foreign_endpoint(self, name: str) -> None:
        """Let an endpoint stand that somebody else has made: with a model, a configuration, and no tags."""
        standing.add_foreign(self._account.place(self.region), name)

    def names(self) -> Counter[str]:
        """Everything that stands, such as `model/…`, `endpoint-config/…`, `endpoint/…` and `s3://…`."""
        return standing.names(self._account)

    def processes(self) -> int:
        """How many servers run."""
        return len(self._account.containers)

    def invocations(self, endpoint: str) -> dict[str, int]:
        """How many requests each variant of an endpoint has got, shadows too."""
        return standing.invocations(self._account.place(self.region), endpoint)

    @property
    def calls(self) -> list[Call]:
        """Every request since the last reset."""
        return list(self._account.calls)

    @property
    def changes(self) -> int:
        """How many requests have asked for something to become different."""
        return sum(call.is_change() for call in self._account.calls)


def _say_nothing(*_: object) -> None:
    """In place of a log of the requests."""


def _quiet_handler() -> Any:
    return type("QuietHandler", (MotoRequestHandler,), {"log_request": _say_nothing})
