"""Every ``az`` command of a deployment, as argument lists: what ``--dry-run`` prints is what a deployment runs."""

import json
from collections.abc import Sequence
from typing import Final

from admin.deploy.region import ROOT, TEMPLATES, Region

type Command = tuple[str, ...]

SIGNED_IN: Command = ("account", "show")
COMPILER: Command = ("bicep", "version")
REGISTERED: Command = ("provider", "list", "--query", "[?registrationState=='Registered'].namespace")
TOKEN: Command = ("account", "get-access-token", "--query", "accessToken", "--output", "tsv")
DATA_RESOURCES: Final = ("https://storage.azure.com", "https://vault.azure.net")
"""What a deployment reaches beside Azure's management: each takes a token of its own."""
APPS: Final = "Microsoft.Web/sites"
ACCOUNTS: Final = "Microsoft.Storage/storageAccounts"
VAULTS: Final = "Microsoft.KeyVault/vaults"
LOCKED_PARAMETER: Final = "lockedAuditContainers"
"""Of the template: containers of the audit whose retention is locked, and is therefore not written again."""


def line(command: Command) -> str:
    """As a person would type it, in any shell."""
    return " ".join(["az", *(_quoted(each) for each in command)])


def _quoted(argument: str) -> str:
    if '"' in argument:
        return f"'{argument}'"
    return f'"{argument}"' if set(argument) & set(" '[]<>|?*") else argument


def token_for(resource: str) -> Command:
    """Keeps a token for a resource: a pipeline's sign-in can ask for one in its first five minutes only."""
    return ("account", "get-access-token", "--resource", resource, "--query", "expiresOn", "--output", "tsv")


def register(provider: str) -> Command:
    return ("provider", "register", "--namespace", provider, "--wait")


def _template(region: Region, locked: Sequence[str]) -> Command:
    files = (TEMPLATES / "main.bicep", region.parameters)
    template, parameters = (path.relative_to(ROOT, walk_up=True).as_posix() for path in files)
    own = ("--parameters", f"{LOCKED_PARAMETER}={json.dumps(list(locked))}") if locked else ()
    return ("--template-file", template, "--parameters", parameters, *own)


def _where(region: Region) -> Command:
    return ("--name", region.deployment, "--location", region.region)


def what_if(region: Region, *, locked: Sequence[str] = ()) -> Command:
    return ("deployment", "sub", "what-if", *_where(region), *_template(region, locked))


def create(region: Region, *, stack: bool, locked: Sequence[str] = ()) -> Command:
    """``stack``: as a deployment stack, which denies deletion of what it made and keeps what leaves the template."""
    if stack:
        kept = ("--action-on-unmanage", "detachAll", "--deny-settings-mode", "denyDelete", "--yes")
        return ("stack", "sub", "create", *_where(region), *_template(region, locked), *kept)
    return ("deployment", "sub", "create", *_where(region), *_template(region, locked))


def outputs(region: Region, *, stack: bool) -> Command:
    kind = "stack" if stack else "deployment"
    query = "outputs" if stack else "properties.outputs"
    return (kind, "sub", "show", "--name", region.deployment, "--query", query)


def stacks(region: Region) -> Command:
    """The stack of that name, if there is one: a plain question for it would fail where there is none."""
    return ("stack", "sub", "list", "--query", f"[?name=='{region.deployment}'].name")


def delete_stack(region: Region) -> Command:
    """Takes the denial of deletion away and leaves every resource."""
    return ("stack", "sub", "delete", "--name", region.deployment, "--action-on-unmanage", "detachAll", "--yes")


def groups_of(kind: str) -> Command:
    """Resource group and name of each resource of a kind; also where a group is not there yet."""
    return ("resource", "list", "--resource-type", kind, "--query", "[].[resourceGroup, name]")


def audit_containers(group: str, account: str) -> Command:
    query = "[?hasImmutabilityPolicy].name"
    return (
        "storage",
        "container-rm",
        "list",
        "--resource-group",
        group,
        "--storage-account",
        account,
        "--query",
        query,
    )


def retention_state(group: str, account: str, container: str) -> Command:
    where = ("--resource-group", group, "--account-name", account, "--container-name", container)
    return ("storage", "container", "immutability-policy", "show", *where, "--query", "state")


def publishing_host(group: str, app: str) -> Command:
    query = "properties.hostNameSslStates[?hostType=='Repository'].name | [0]"
    return ("functionapp", "show", "--resource-group", group, "--name", app, "--query", query)


def functions(group: str, app: str) -> Command:
    return ("functionapp", "function", "list", "--resource-group", group, "--name", app, "--query", "[].name")


def host_key(group: str, app: str) -> Command:
    return ("functionapp", "keys", "list", "--resource-group", group, "--name", app, "--query", "functionKeys.default")


def app_insights(region: Region) -> Command:
    what = ("--resource-type", "Microsoft.Insights/components", "--name", f"appi-{region.deployment}")
    return ("resource", "show", "--resource-group", region.group, *what, "--query", "properties.ConnectionString")


def resources(group: str, kind: str) -> Command:
    return ("resource", "list", "--resource-group", group, "--resource-type", kind, "--query", "[].id")


def delete(identifiers: tuple[str, ...]) -> Command:
    return ("resource", "delete", "--ids", *identifiers)


def delete_lock(group: str, name: str, resource: str, kind: str) -> Command:
    where = ("--resource-group", group, "--resource", resource, "--resource-type", kind)
    return ("lock", "delete", "--name", name, *where)
