"""Steps of a deployment about Azure's resources: what the templates make, and what is there already."""

from typing import Final

from admin.confirm import confirm
from admin.deploy import commands
from admin.deploy.deployment import Deployment, Step, shown
from admin.deploy.region import AUDIT_PREFIX, PROVIDERS
from admin.errors import WrongUse
from admin.output import say

_LOCKED: Final = "Locked"


def look(deployment: Deployment) -> Step:
    """Who is signed in, and whether the compiler is there; tokens for the stores are had while the sign-in is fresh."""
    tokens = [commands.token_for(each) for each in commands.DATA_RESOURCES]

    def run() -> None:
        account = deployment.azure.json(*commands.SIGNED_IN)
        deployment.subscription = f"{account['name']} ({account['id']})"
        for each in tokens:
            deployment.azure.text(*each)
        try:
            deployment.azure.text(*commands.COMPILER)
        except WrongUse:
            raise WrongUse("The Bicep compiler is missing: run `az bicep install`, then this again.") from None

    return Step("Login and tools", shown(commands.SIGNED_IN, *tokens, commands.COMPILER), run)


def register(deployment: Deployment) -> Step:
    """What the subscription must know."""

    def run() -> None:
        registered = {name.casefold() for name in deployment.azure.json(*commands.REGISTERED)}
        for provider in PROVIDERS:
            if provider.casefold() not in registered:
                deployment.azure.shown(*commands.register(provider))

    missing = f"{commands.line(commands.register('<each that is missing>'))}  # of {', '.join(PROVIDERS)}"
    return Step("Resource providers", [commands.line(commands.REGISTERED), missing], run)


def find(deployment: Deployment) -> Step:
    """What of the stamp is there already, and must be known before the templates are used again."""
    region = deployment.region
    accounts, account = commands.groups_of(commands.ACCOUNTS), "<auditAccountName>"

    def run() -> None:
        deployment.stacked = bool(deployment.azure.json(*commands.stacks(region)))
        if deployment.stacked and not deployment.wishes.stack:
            say(f"{region.name} was made with --stack, and stays a stack.")
        audits = [name for name in region.own(deployment.azure.json(*accounts)) if name.startswith(AUDIT_PREFIX)]
        for audit in audits:
            deployment.locked += _locked_containers(deployment, audit)
        if deployment.locked:
            say(f"Retention is locked and stays as it is: {', '.join(deployment.locked)}.")

    listed = commands.audit_containers(region.group, account)
    state = commands.retention_state(region.group, account, "<each>")
    return Step("What is there", shown(commands.stacks(region), accounts, listed, state), run)


def _locked_containers(deployment: Deployment, account: str) -> list[str]:
    group = deployment.region.group
    containers: list[str] = deployment.azure.json(*commands.audit_containers(group, account))
    states = {each: deployment.azure.json(*commands.retention_state(group, account, each)) for each in containers}
    return sorted(name for name, state in states.items() if state == _LOCKED)


def preview(deployment: Deployment) -> Step:
    """What would change, and whether that is wanted."""
    region, wishes = deployment.region, deployment.wishes
    command = commands.what_if(region, locked=deployment.locked)

    def run() -> None:
        deployment.azure.shown(*command)
        confirm(f"Deploy {region.name} to {deployment.subscription}?", yes=wishes.yes)

    return Step("What would change", [commands.line(command), *([] if wishes.yes else ["ask whether to go on"])], run)


def create(deployment: Deployment) -> Step:
    """Make or update every resource."""
    command = commands.create(deployment.region, stack=deployment.as_stack, locked=deployment.locked)
    return Step("Resources", shown(command), lambda: deployment.azure.shown(*command))


def read(deployment: Deployment) -> Step:
    """What the deployment made is called."""
    stack = deployment.as_stack
    lines = shown(commands.outputs(deployment.region, stack=stack))
    return Step("Names of what was made", lines, lambda: deployment.read_outputs(stack=stack))


def tell(deployment: Deployment) -> Step:
    """What the person does with it."""
    command = commands.app_insights(deployment.region)

    def run() -> None:
        say(f"Callback: {deployment.outputs.callback_url}")
        say("For ~/.config/icadmin/stamps.toml:")
        say(deployment.outputs.toml(deployment.region, deployment.azure.json(*command)))

    return Step("Done", [commands.line(command), f"print the callback: {deployment.outputs.callback_url}"], run)
