"""Steps of a deployment about the app's code: the package, its way to Azure, and what runs afterwards."""

from pathlib import Path
from typing import Final

from admin.deploy import commands, package
from admin.deploy.answers import tries
from admin.deploy.deployment import Deployment, Step, shown
from admin.deploy.publishing import RETRY_SECONDS, Publishing
from admin.deploy.site import Site
from admin.errors import WrongUse
from admin.output import say

_LIST_TRIES: Final = 20


def pack(deployment: Deployment) -> Step:
    """The zip, and what is in it."""
    given = deployment.wishes.package

    def run() -> None:
        deployment.package = given or package.build(deployment.work)
        deployment.build = package.identity(deployment.package)
        deployment.functions = package.index(deployment.package, deployment.work)
        say(f"{len(deployment.functions)} functions, {deployment.build}")

    install = " ".join(["uv", *package.install_command(Path("<work>/vendored"))[1:]])
    listed = "python -I -S: the functions of the unpacked package, with nothing but what is in it"
    return Step("Package with its dependencies", [*([] if given else [install]), listed], run)


def publish(deployment: Deployment) -> Step:
    """Swap the code."""
    command = commands.publishing_host(*deployment.names)

    def run() -> None:
        host = deployment.azure.json(*command)
        token = lambda: deployment.azure.text(*commands.TOKEN)  # noqa: E731 - a fresh one where the last was refused
        Publishing(f"{deployment.scheme}://{host}", token, deployment.wait).publish(deployment.package)

    sent = "POST https://<publishing host>/api/publish?RemoteBuild=false, again for five minutes while roles spread"
    polled = "GET https://<publishing host>/api/deployments/<its id>, every second until it has ended"
    return Step("Publish", [*shown(command, commands.TOKEN), sent, polled], run)


def compare(deployment: Deployment) -> Step:
    """What runs is what was published: its deployment's status alone could be another's."""
    asked = f"GET https://{deployment.outputs.function_app_host_name}/api/health, until it names this package"
    return Step("Running code", [asked], lambda: _site(deployment).runs(deployment.build))


def index(deployment: Deployment) -> Step:
    """Azure has found the functions in it."""
    command = commands.functions(*deployment.names)

    def run() -> None:
        found: list[str] = []
        for _ in tries(_LIST_TRIES, RETRY_SECONDS, deployment.wait):
            found = sorted(name.rpartition("/")[2] for name in deployment.azure.json(*command))
            if found == deployment.functions:
                return
        missing = ", ".join(sorted(set(deployment.functions) - set(found))) or "none"
        strange = ", ".join(sorted(set(found) - set(deployment.functions))) or "none"
        raise WrongUse(f"Azure lists other functions than the package has; missing: {missing}; unknown: {strange}.")

    return Step("Functions", [f"{commands.line(command)}  # must be those of the package"], run)


def ask(deployment: Deployment) -> Step:
    """Whether it could do its work."""
    command = commands.host_key(*deployment.names)
    asked = f"GET https://{deployment.outputs.function_app_host_name}/api/ready, with that key"
    return Step(
        "Readiness",
        [commands.line(command), asked],
        lambda: _site(deployment).ready(deployment.azure.json(*command)),
    )


def _site(deployment: Deployment) -> Site:
    return Site(f"{deployment.scheme}://{deployment.outputs.function_app_host_name}", deployment.wait)
