"""The target: the verbs on a workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelpack import DeployContext, Target, hookimpl
from modelpack.deployments.records import Deployment
from modelpack.errors import DeployError
from modelpack_deploy_azureml.options import AzureMLOptions
from modelpack_deploy_azureml.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelpack.contexts import LocalRunContext
    from modelpack.deployments.records import (
        BatchJob,
        BatchRequest,
        DeployRequest,
        Finding,
        Invocation,
        InvocationAnswer,
        LogQuery,
        Plan,
    )
    from modelpack_deploy_azureml.survey import Standing


class AzureMLTarget(Target[AzureMLOptions]):
    """Deploys to the online endpoints of one Azure ML workspace."""

    name = "azureml"
    options_type = AzureMLOptions

    def check(self, request: DeployRequest[AzureMLOptions]) -> Iterator[Finding]:
        """Whether the name can be one, the workspace is there, and nothing else stands in the way."""
        from modelpack_deploy_azureml.planning import findings

        return findings(request, Workspace(request.options))

    def plan(self, request: DeployRequest[AzureMLOptions]) -> Plan:
        """Compare what is asked for with what stands."""
        from modelpack_deploy_azureml.planning import plan

        return plan(request, Workspace(request.options))

    @hookimpl
    def modelpack_deploy(self, context: DeployContext[AzureMLOptions]) -> Deployment:
        """Make what the new deployment needs, and ask for it; Azure starts it beside the one that serves."""
        from modelpack_deploy_azureml.applying import apply

        request = context.request
        apply(Workspace(request.options), request, context.progress)
        return self.get(request.name, request.options)

    def get(self, name: str, options: AzureMLOptions) -> Deployment:
        """What Azure says of the endpoint and the deployments behind it."""
        from modelpack_deploy_azureml.survey import survey

        workspace = Workspace(options)
        standing = survey(workspace, name)
        return Deployment(name=name, state="absent") if standing is None else _described(workspace, standing)

    def finish(self, context: DeployContext[AzureMLOptions], deployment: Deployment) -> Deployment:
        """Send the requests to the new deployment, and remove the old one."""
        from modelpack_deploy_azureml.finishing import finish

        request = context.request
        if deployment.reason is not None:  # the same revision with other secrets has failed, and the former serves
            self.roll_back(context)
            raise DeployError(f"deploying {request.name} failed: {deployment.reason}", code="rolled_back")
        finish(Workspace(request.options), request, context.progress)
        return self.get(request.name, request.options)

    def roll_back(self, context: DeployContext[AzureMLOptions]) -> Deployment:
        """Remove the deployment that has failed; the old one has served all the time."""
        from modelpack_deploy_azureml.planning import deployment_name
        from modelpack_deploy_azureml.survey import survey
        from modelpack_deploy_azureml.undoing import give_up

        request = context.request
        workspace = Workspace(request.options)
        wanted = deployment_name(request, survey(workspace, request.name))
        give_up(workspace, request, wanted, context.progress)
        return self.get(request.name, request.options)

    def list(self, options: AzureMLOptions) -> Iterator[Deployment]:
        """Every online endpoint of the workspace with our tag, page by page."""
        from modelpack_deploy_azureml.survey import is_ours, with_deployments

        workspace = Workspace(options)
        for found in workspace.arm.pages(f"{workspace.path}/onlineEndpoints"):
            if is_ours(found):
                yield _described(workspace, with_deployments(workspace, found))

    def delete(self, name: str, options: AzureMLOptions) -> None:
        """Remove the endpoint, and archive what was registered for it."""
        from modelpack_deploy_azureml.survey import survey
        from modelpack_deploy_azureml.undoing import clean, remove_everything

        workspace = Workspace(options)
        if survey(workspace, name) is not None:
            remove_everything(workspace, name, options.operation_timeout, _silent)
        else:
            clean(workspace, name, None, options.operation_timeout, _silent)

    def invoke(self, name: str, invocation: Invocation, options: AzureMLOptions) -> InvocationAnswer:
        """Send it to the scoring URI, with the key or the token that the endpoint asks for."""
        from modelpack_deploy_azureml.invoking import invoke

        workspace = Workspace(options)
        return invoke(workspace, _standing(workspace, name), invocation)

    def logs(self, name: str, query: LogQuery, options: AzureMLOptions) -> Iterator[str]:
        """The log of the container."""
        from modelpack_deploy_azureml.container_logs import lines

        workspace = Workspace(options)
        yield from lines(workspace, _standing(workspace, name), query)

    def set_traffic(self, name: str, traffic: Mapping[str, float], options: AzureMLOptions) -> Deployment:
        """Divide the requests among the deployments behind the endpoint."""
        from modelpack_deploy_azureml.finishing import set_traffic

        workspace = Workspace(options)
        set_traffic(workspace, _standing(workspace, name), traffic, options.operation_timeout)
        return self.get(name, options)

    def run_local(self, context: LocalRunContext[AzureMLOptions]) -> int:
        """Run the image where there is an engine, else the server itself."""
        from modelpack_deploy_azureml.local_run import run

        return run(context)

    def submit_batch(self, request: BatchRequest[AzureMLOptions]) -> BatchJob:
        """Start a job behind a batch endpoint that is made for it."""
        from modelpack_deploy_azureml.batch import submit

        return submit(request)

    def get_batch(self, name: str, options: AzureMLOptions) -> BatchJob:
        """How far a job is; when it is over, its endpoint goes."""
        from modelpack_deploy_azureml.batch import get

        return get(name, options)

    def export(self, request: DeployRequest[AzureMLOptions]) -> Mapping[str, str]:
        """The documents for `az ml`; Azure is not asked."""
        from modelpack_deploy_azureml.exporting import export

        return export(request)


def _standing(workspace: Workspace, name: str) -> Standing:
    from modelpack_deploy_azureml.survey import survey

    standing = survey(workspace, name)
    if standing is None:
        raise DeployError(
            f"nothing is deployed as {name} in the workspace {workspace.name}",
            code="not_deployed",
            hint="`modelpack deployments list --target azureml` shows what is",
        )
    return standing


def _described(workspace: Workspace, standing: Standing) -> Deployment:
    from modelpack_deploy_azureml.failures import reason_of
    from modelpack_deploy_azureml.standing import described

    return described(standing, lambda found: reason_of(workspace, standing.endpoint["name"], found))


def _silent(line: str) -> None:
    """Nobody follows."""


target = AzureMLTarget()
