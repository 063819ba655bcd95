"""Every ``az`` command of a deployment, as argument lists: what ``--dry-run`` prints is what a deployment runs."""

from admin.deploy.region import ROOT, TEMPLATES, Region

type Command = tuple[str, ...]

SIGNED_IN: Command = ("account", "show")
COMPILER: Command = ("bicep", "version")
REGISTERED: Command = ("provider", "list", "--query", "[?registrationState=='Registered'].namespace")
TOKEN: Command = ("account", "get-access-token", "--query", "accessToken", "--output", "tsv")


def line(command: Command) -> str:
    """As a person would type it, in any shell."""
    return " ".join(["az", *(_quoted(each) for each in command)])


def _quoted(argument: str) -> str:
    return f'"{argument}"' if set(argument) & set(" '[]<>|?*") else argument


def register(provider: str) -> Command:
    return ("provider", "register", "--namespace", provider, "--wait")


def _template(region: Region) -> Command:
    files = (TEMPLATES / "main.bicep", region.parameters)
    template, parameters = (path.relative_to(ROOT, walk_up=True).as_posix() for path in files)
    return ("--template-file", template, "--parameters", parameters)


def what_if(region: Region) -> Command:
    return (
        "deployment",
        "sub",
        "what-if",
        "--name",
        region.deployment,
        "--location",
        region.region,
        *_template(region),
    )


def create(region: Region, *, stack: bool) -> Command:
    """``stack``: as a deployment stack, which denies deletion of what it made and keeps what leaves the template."""
    where = ("--name", region.deployment, "--location", region.region)
    if stack:
        kept = ("--action-on-unmanage", "detachAll", "--deny-settings-mode", "denyDelete", "--yes")
        return ("stack", "sub", "create", *where, *_template(region), *kept)
    return ("deployment", "sub", "create", *where, *_template(region))


def outputs(region: Region, *, stack: bool) -> Command:
    if stack:
        return ("stack", "sub", "show", "--name", region.deployment, "--query", "outputs")
    return ("deployment", "sub", "show", "--name", region.deployment, "--query", "properties.outputs")


def apps(region: Region) -> Command:
    """Names of the apps that run; also where there is no such group yet."""
    return (
        "resource",
        "list",
        "--resource-type",
        "Microsoft.Web/sites",
        "--query",
        f"[?resourceGroup=='{region.group}'].name",
    )


def publishing_host(group: str, app: str) -> Command:
    query = "hostNameSslStates[?hostType=='Repository'].name | [0]"
    return ("functionapp", "show", "--resource-group", group, "--name", app, "--query", query)


def functions(group: str, app: str) -> Command:
    return ("functionapp", "function", "list", "--resource-group", group, "--name", app, "--query", "[].name")


def host_key(group: str, app: str) -> Command:
    return ("functionapp", "keys", "list", "--resource-group", group, "--name", app, "--query", "functionKeys.default")


def app_insights(group: str) -> Command:
    query = "[0].properties.ConnectionString"
    kind = "Microsoft.Insights/components"
    return (
        "resource",
        "list",
        "--resource-group",
        group,
        "--resource-type",
        kind,
        "--expand",
        "properties",
        "--query",
        query,
    )


def resources(group: str, kind: str) -> Command:
    return ("resource", "list", "--resource-group", group, "--resource-type", kind, "--query", "[].id")


def delete(identifiers: tuple[str, ...]) -> Command:
    return ("resource", "delete", "--ids", *identifiers)


def delete_lock(group: str, name: str, resource: str, kind: str) -> Command:
    where = ("--resource-group", group, "--resource", resource, "--resource-type", kind)
    return ("lock", "delete", "--name", name, *where)
