"""What this product demands of its templates, whatever a compiler would accept."""

import re
from collections.abc import Iterator
from typing import Any, Final

from tests.infra.source import Declaration, Each, Expression, Source, strings, text, walk

_SECRETS: Final = "Microsoft.KeyVault/vaults/secrets"
SECRET_CALLS: Final = {
    "get_secret": f"{_SECRETS}/getSecret/action",
    "set_secret": f"{_SECRETS}/setSecret/action",
    "recover_deleted_secret": f"{_SECRETS}/recover/action",
}
"""What the app calls of the vault's client, and the right that each call takes."""
SECRET_RIGHTS: Final = list(SECRET_CALLS.values())

DEMANDS: Final[dict[str, dict[str, Any]]] = {
    "Microsoft.Storage/storageAccounts": {
        "properties.allowBlobPublicAccess": False,
        "properties.allowCrossTenantReplication": False,
        "properties.allowSharedKeyAccess": False,
        "properties.defaultToOAuthAuthentication": True,
        "properties.minimumTlsVersion": "TLS1_2",
        "properties.supportsHttpsTrafficOnly": True,
    },
    "Microsoft.Storage/storageAccounts/blobServices/containers": {"properties.publicAccess": "None"},
    "Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies": {
        "properties.allowProtectedAppendWrites": True
    },
    "Microsoft.KeyVault/vaults": {
        "properties.enablePurgeProtection": True,
        "properties.enableRbacAuthorization": True,
        "properties.enableSoftDelete": True,
        "properties.softDeleteRetentionInDays": 90,
    },
    "Microsoft.Insights/components": {"properties.DisableLocalAuth": True},
    "Microsoft.Insights/scheduledQueryRules": {"properties.autoMitigate": False, "properties.enabled": True},
    "Microsoft.Web/serverfarms": {"sku.name": "FC1", "sku.tier": "FlexConsumption", "properties.reserved": True},
    "Microsoft.Web/sites": {
        "kind": "functionapp,linux",
        "identity.type": "UserAssigned",
        "properties.httpsOnly": True,
        "properties.functionAppConfig.runtime.name": "python",
        "properties.functionAppConfig.deployment.storage.authentication.type": "UserAssignedIdentity",
        "properties.siteConfig.ftpsState": "Disabled",
        "properties.siteConfig.minTlsVersion": "1.2",
        "properties.siteConfig.scmMinTlsVersion": "1.2",
    },
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies": {"properties.allow": False},
    "Microsoft.Authorization/locks": {"properties.level": "CanNotDelete"},
    "Microsoft.Authorization/roleDefinitions": {
        "properties.permissions": [
            {"actions": [], "notActions": [], "dataActions": SECRET_RIGHTS, "notDataActions": []}
        ],
        "properties.type": "CustomRole",
    },
    "Microsoft.Cdn/profiles": {"properties.logScrubbing.state": "Enabled"},
    "Microsoft.Cdn/profiles/customDomains": {"properties.tlsSettings.minimumTlsVersion": "TLS12"},
    "Microsoft.Cdn/profiles/afdEndpoints/routes": {"properties.forwardingProtocol": "HttpsOnly"},
}

ROLES: Final = {
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": "Storage Blob Data Reader",
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": "Storage Queue Data Contributor",
    "8a0f0c08-91a1-4084-bc3d-661d67233fed": "Storage Queue Data Message Processor",
    "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a": "Storage Queue Data Message Sender",
    "19e7f393-937e-4f77-808e-94535e297925": "Storage Queue Data Reader",
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
    "76199698-9eea-4c19-bc75-cec21354c6b6": "Storage Table Data Reader",
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": "Key Vault Secrets Officer",
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
    "73c42c96-874c-492b-b04d-ab87d138a893": "Log Analytics Reader",
}
GRANTED: Final = {
    "modules/audit.bicep": {"Storage Blob Data Contributor", "Storage Blob Data Reader"},
    "modules/keyvault.bicep": {"Key Vault Secrets Officer"},
    "modules/monitoring.bicep": {"Monitoring Metrics Publisher", "Log Analytics Reader"},
    "modules/storage.bicep": {
        "Storage Blob Data Owner",
        "Storage Queue Data Contributor",
        "Storage Table Data Contributor",
    },
    "modules/storageaccess.bicep": {
        "Storage Queue Data Message Sender",
        "Storage Queue Data Message Processor",
        "Storage Queue Data Reader",
        "Storage Table Data Reader",
    },
    "modules/tableaccess.bicep": {"Storage Table Data Contributor"},
}
ACCESS: Final = {
    ("storageaccess.bicep", "enqueue"): ("inboundQueues", "storageQueueDataMessageSender", "icSenderPrincipalIds"),
    ("storageaccess.bicep", "takeResults"): ("", "storageQueueDataMessageProcessor", "icResultsPrincipalIds"),
}
"""What Invoice Cloud may do, and nothing else: (over which queues, with which role, who)."""

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
_LOCKED = ("modules/storage.bicep", "modules/keyvault.bicep", "modules/callbackhost.bicep")


def of_one(source: Source) -> Iterator[str]:
    yield from _words(source)
    yield from _secrets(source)
    for resource in source.resources.values():
        if not resource.existing:
            yield from _demands(resource)
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
    """``at({"a": {"b": 1}}, "a.b")`` is 1; None where nothing stands."""
    for name in path.split("."):
        body = body.get(name) if isinstance(body, dict) else None
    return body


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


def _demands(resource: Declaration) -> Iterator[str]:
    for path, demanded in DEMANDS.get(resource.type, {}).items():
        found = at(resource.body, path)
        if found != demanded:
            yield f"{resource.name}: {path} is {found!r}, not {demanded!r}"


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
    """Of the site only what the app itself logs: every other category keeps query strings."""
    if resource.type != "Microsoft.Insights/diagnosticSettings":
        return
    scope = at(resource.body, "scope")
    target = source.resources.get(scope.text) if isinstance(scope, Expression) else None
    logs = at(resource.body, "properties.logs")
    named = [each.get("category") or each.get("categoryGroup") for each in logs]
    if target and target.type == "Microsoft.Web/sites" and named != ["FunctionAppLogs"]:
        yield f"{resource.name}: the site logs {named}"
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
    for path in _LOCKED:
        if "Microsoft.Authorization/locks" not in {each.type for each in sources[path].resources.values()}:
            yield f"{path}: nothing keeps it from being deleted"


def _audit(source: Source) -> Iterator[str]:
    policies = [each for each in source.resources.values() if each.type.endswith("/immutabilityPolicies")]
    kept = [getattr(each.value.over, "text", "") for each in policies if isinstance(each.value, Each)]
    if kept != ["containers"]:
        yield "audit.bicep: a container can be changed"
    if "audit" not in source.variables["containers"].value:
        yield "audit.bicep: there is no container for the audit"
