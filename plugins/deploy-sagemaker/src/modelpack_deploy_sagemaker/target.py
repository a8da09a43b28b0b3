"""The target `sagemaker`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelpack import Target, hookimpl
from modelpack_deploy_sagemaker.options import SageMakerOptions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelpack.contexts import DeployContext, LocalRunContext
    from modelpack.deployments.records import (
        BatchJob,
        BatchRequest,
        Deployment,
        DeployRequest,
        Finding,
        Invocation,
        InvocationAnswer,
        LogQuery,
        Plan,
    )
    from modelpack_deploy_sagemaker.account import Account


class SageMakerTarget(Target[SageMakerOptions]):
    """Deploys models to endpoints of Amazon SageMaker.

    A deployment is an endpoint, its configuration, a model for each variant, and the models' archives in S3. Names hold
    the revision, so that an apply that was stopped is found again, and tags say whose it is.
    """

    name = "sagemaker"
    options_type = SageMakerOptions

    def check(self, request: DeployRequest[SageMakerOptions]) -> Iterator[Finding]:
        """Whether SageMaker takes the name and every value, and finds what they refer to."""
        from modelpack_deploy_sagemaker.checking import findings

        return findings(request, _account(request.options))

    def plan(self, request: DeployRequest[SageMakerOptions]) -> Plan:
        """The requests that would be sent."""
        from modelpack_deploy_sagemaker.planning import plan

        return plan(request, _account(request.options))

    @hookimpl
    def modelpack_deploy(self, context: DeployContext[SageMakerOptions]) -> Deployment:
        """Upload the model and ask SageMaker for the endpoint, which takes its minutes after that."""
        from modelpack_deploy_sagemaker.applying import apply

        apply(context, _account(context.request.options))
        return self.get(context.request.name, context.request.options)

    def get(self, name: str, options: SageMakerOptions) -> Deployment:
        """What SageMaker says, with the end of the log where something failed."""
        from modelpack_deploy_sagemaker.standing import described
        from modelpack_deploy_sagemaker.survey import look

        account = _account(options)
        return described(account, look(account, name))

    def finish(self, context: DeployContext[SageMakerOptions], deployment: Deployment) -> Deployment:
        """Set up the autoscaling, and remove what was replaced, unless it is to be archived (S132)."""
        from modelpack_deploy_sagemaker.finishing import finish

        return deployment if finish(context, _account(context.request.options)) else self._got(context)

    def roll_back(self, context: DeployContext[SageMakerOptions]) -> Deployment:
        """Remove what the change made; SageMaker itself has gone back to what served before."""
        from modelpack_deploy_sagemaker.finishing import roll_back

        roll_back(context, _account(context.request.options))
        return self._got(context)

    def list(self, options: SageMakerOptions) -> Iterator[Deployment]:
        """The endpoints with modelpack's tag, page by page."""
        from modelpack_deploy_sagemaker.standing import described
        from modelpack_deploy_sagemaker.survey import endpoint_names, look

        account = _account(options)
        for name in endpoint_names(account):
            standing = look(account, name)
            if standing.is_ours:  # it may have gone meanwhile
                yield described(account, standing)

    def delete(self, name: str, options: SageMakerOptions) -> None:
        """Remove the endpoint and, when it is gone, all that was made for it, and for batches that are over."""
        from modelpack_deploy_sagemaker.batch import sweep
        from modelpack_deploy_sagemaker.removing import delete

        account = _account(options)
        delete(account, name)
        sweep(account, name)

    def invoke(self, name: str, invocation: Invocation, options: SageMakerOptions) -> InvocationAnswer:
        """Send it through SageMaker's runtime."""
        from modelpack_deploy_sagemaker.invoking import invoke

        return invoke(_account(options), name, invocation)

    def logs(self, name: str, query: LogQuery, options: SageMakerOptions) -> Iterator[str]:
        """What the containers print, from CloudWatch."""
        from modelpack_deploy_sagemaker.container_logs import lines
        from modelpack_deploy_sagemaker.invoking import not_deployed
        from modelpack_deploy_sagemaker.survey import look

        account = _account(options)
        if not look(account, name).is_ours:
            raise not_deployed(name)
        yield from lines(account, name, query)

    def set_traffic(self, name: str, traffic: Mapping[str, float], options: SageMakerOptions) -> Deployment:
        """Change the variants' weights, and wait until they are changed."""
        from modelpack_deploy_sagemaker.invoking import not_deployed, set_traffic
        from modelpack_deploy_sagemaker.removing import wait_while
        from modelpack_deploy_sagemaker.standing import described
        from modelpack_deploy_sagemaker.survey import look

        account = _account(options)
        standing = look(account, name)
        if not standing.is_ours:
            raise not_deployed(name)
        set_traffic(account, standing, dict(traffic))
        return described(account, wait_while(account, name, {"Updating"}))

    def submit_batch(self, request: BatchRequest[SageMakerOptions]) -> BatchJob:
        """Start a transform job on instances of its own."""
        from modelpack_deploy_sagemaker.batch import submit

        return submit(request, _account(request.options))

    def get_batch(self, name: str, options: SageMakerOptions) -> BatchJob:
        """The transform job of that name which was started last."""
        from modelpack_deploy_sagemaker.batch import get

        return get(_account(options), name)

    def run_local(self, context: LocalRunContext[SageMakerOptions]) -> int:
        """Run SageMaker's container here, or without an engine the server in it."""
        from modelpack_deploy_sagemaker.local_run import run

        return run(context)

    def export(self, request: DeployRequest[SageMakerOptions]) -> Mapping[str, str]:
        """The requests as JSON, without the values of `env`."""
        from modelpack_deploy_sagemaker.survey import look
        from modelpack_deploy_sagemaker.wish import Wish, documents

        account = _account(request.options)
        return documents(Wish(request, account, look(account, request.name)))

    def _got(self, context: DeployContext[SageMakerOptions]) -> Deployment:
        return self.get(context.request.name, context.request.options)


def _account(options: SageMakerOptions) -> Account:
    from modelpack_deploy_sagemaker.account import Account

    return Account(options)


target = SageMakerTarget()
