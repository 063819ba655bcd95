"""What this product demands of its templates, whatever a compiler would accept."""

import re
from collections.abc import Iterator
from typing import Any

from tests.infra.demands import ACCESS, DEMANDS, GRANTED, LOGGED, ROLES
from tests.infra.source import Declaration, Each, Expression, Source, strings, text, walk

_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_FORBIDDEN = (
    "AccountKey=",
    "DefaultEndpointsProtocol",
    "SharedAccessSignature",
    "CASELLE_ALLOW_LOOPBACK",
    "KEY_VAULT_CA_FILE",
    "TIME_DIVISOR",
    "WEBSITE_RUN_FROM_PACKAGE",
    "FUNCTIONS_WORKER_RUNTIME",
    "SCM_DO_BUILD_DURING_DEPLOYMENT",
    "ENABLE_ORYX_BUILD",
    "allLogs",
    "AppServiceHTTPLogs",
)
_CLOUD_HOSTS = ("core.windows.net", "vault.azure.net", "azurewebsites.net", "management.azure.com", "azurefd.net")
_SECRET = re.compile(r"secret|password|connectionstring|sastoken|accesskey|apikey|\bkey\b|token$", re.IGNORECASE)
_LOCKED = {
    "modules/storage.bicep": "Microsoft.Storage/storageAccounts",
    "modules/keyvault.bicep": "Microsoft.KeyVault/vaults",
    "modules/callbackhost.bicep": "Microsoft.Cdn/profiles",
}


def of_one(source: Source) -> Iterator[str]:
    yield from _words(source)
    yield from _secrets(source)
    for each in source.declarations:
        yield from _demands(each)
    yield from _endpoints(source)
    for resource in source.resources.values():
        if not resource.existing:
            yield from _assignment(resource)
            yield from _log(source, resource)
    yield from _access(source)


def of_all(sources: dict[str, Source]) -> Iterator[str]:
    yield from _roles(sources)
    yield from _locks(sources)
    yield from _audit(sources["modules/audit.bicep"])
    app = sources["modules/functionapp.bicep"].variables
    if not app["settings"].value.text.startswith("union(extraAppSettings, "):
        yield "functionapp.bicep: extraAppSettings may overrule the settings of the template"
    if sources["main.bicep"].params["extraAppSettings"].value != {}:
        yield "main.bicep: extraAppSettings has a default"


def at(body: Any, path: str) -> Any:
    """``at({"a": [{"b": 1}]}, "a.0.b")`` is 1; None where nothing stands."""
    for name in path.split("."):
        if isinstance(body, list):
            body = dict(enumerate(body)).get(int(name))
        else:
            body = body.get(name) if isinstance(body, dict) else None
    return body


def _said(found: Any) -> Any:
    """Expressions as they are written."""
    if isinstance(found, list):
        return [_said(each) for each in found]
    return found.text if isinstance(found, Expression) else found


def _words(source: Source) -> Iterator[str]:
    said = [text(each) for each in strings(source.root)]
    said += [text(each.children[0]) for each in walk(source.root) if each.type == "object_property"]
    for part in said:
        yield from (f"{word} is never used" for word in _FORBIDDEN if word in part)
        yield from (f"the address {host} is written out" for host in _CLOUD_HOSTS if host in part)


def _secrets(source: Source) -> Iterator[str]:
    for each in (*source.outputs.values(), *source.params.values()):
        if _SECRET.search(each.name):
            yield f"{each.kind} {each.name} looks like a secret"
    for each in source.outputs.values():
        if isinstance(each.value, Expression) and _SECRET.search(each.value.text):
            yield f"output {each.name} gives a secret away"


def _demands(declared: Declaration) -> Iterator[str]:
    if declared.existing:
        return
    for path, demanded in DEMANDS.get(declared.type or declared.name, {}).items():
        found = _said(at(declared.body, path))
        if found != demanded:
            yield f"{declared.name}: {path} is {found!r}, not {demanded!r}"


def _endpoints(source: Source) -> Iterator[str]:
    """A private endpoint whose DNS zone is another's is never found."""
    found = source.variables.get("endpoints")
    for each in found.value if found else []:
        if not str(_said(each["zone"])).strip("'").startswith(f"privatelink.{each['name']}"):
            yield f"endpoint {each['name']}: its DNS zone is {_said(each['zone'])}"


def _assignment(resource: Declaration) -> Iterator[str]:
    """A name that lacks principal or role collides, or cannot follow an identity that was made anew."""
    if resource.type != "Microsoft.Authorization/roleAssignments":
        return
    name, principal = at(resource.body, "name"), at(resource.body, "properties.principalId")
    role = at(resource.body, "properties.roleDefinitionId")
    if not all(isinstance(each, Expression) for each in (name, principal, role)):
        yield f"{resource.name}: name, principal and role are worked out, not written down"
    elif not (name.text.startswith("guid(") and principal.text in name and _last_word(role) in name):
        yield f"{resource.name}: its name is not made of scope, principal and role"
    if at(resource.body, "properties.principalType") not in {"ServicePrincipal", "Group"}:
        yield f"{resource.name}: principalType is missing"
    if "scope" not in resource.body:
        yield f"{resource.name}: without a scope it holds for the whole resource group"


def _last_word(role: Expression) -> str:
    """``subscriptionResourceId('...', id)`` ends with ``id``."""
    return role.text.rpartition(", ")[2].removesuffix(")")


def _log(source: Source, resource: Declaration) -> Iterator[str]:
    if resource.type != "Microsoft.Insights/diagnosticSettings":
        return
    scope = at(resource.body, "scope")
    target = source.resources.get(scope.text) if isinstance(scope, Expression) else None
    logs = at(resource.body, "properties.logs")
    named = [each.get("category") or each.get("categoryGroup") for each in logs]
    if target and named != LOGGED.get((target.type, at(resource.body, "name"))):
        yield f"{resource.name}: the {target.name} logs {named}"
    if not all(each.get("enabled") is True for each in logs):
        yield f"{resource.name}: it is switched off"


def _access(source: Source) -> Iterator[str]:
    for (file, name), (queues, role, who) in ACCESS.items():
        if source.path.name == file:
            module = source.modules.get(name)
            over = module.value.over.text if module and isinstance(module.value, Each) else ""
            given = module.body["params"] if module else {}
            found = (over, *(getattr(given.get(key), "text", "") for key in ("roleId", "principalIds")))
            if found != (queues, role, who):
                yield f"module {name} grants {found}"


def _roles(sources: dict[str, Source]) -> Iterator[str]:
    for path, source in sources.items():
        ids = {each for part in strings(source.root) for each in _GUID.findall(text(part))}
        if path.startswith("regions/"):
            continue
        names = {ROLES.get(each, f"the unknown role {each}") for each in ids}
        wrong = names ^ GRANTED.get(path, set())
        if wrong:
            yield f"{path}: grants more or less than it should: {', '.join(sorted(wrong))}"


def _locks(sources: dict[str, Source]) -> Iterator[str]:
    for path, kept in _LOCKED.items():
        resources = sources[path].resources
        locks = [each for each in resources.values() if each.type == "Microsoft.Authorization/locks"]
        scopes = [resources.get(_said(each.body.get("scope"))) for each in locks]
        if kept not in {each.type for each in scopes if each}:
            yield f"{path}: nothing keeps it from being deleted"


def _audit(source: Source) -> Iterator[str]:
    policies = [each for each in source.resources.values() if each.type.endswith("/immutabilityPolicies")]
    kept = [getattr(each.value.over, "text", "") for each in policies if isinstance(each.value, Each)]
    if kept != ["containers"]:
        yield "audit.bicep: a container can be changed"
    if "audit" not in source.variables["containers"].value:
        yield "audit.bicep: there is no container for the audit"
