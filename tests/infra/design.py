"""What this product demands of a deployment, whatever Azure would accept."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tests.infra.demands import AUDITED, FORBIDDEN, LOGGED, demands, public_host
from tests.infra.grants import THE_APP, who
from tests.infra.stamp import Stamp, at, place, said

_SECRET: Final = re.compile(r"secret|password|connectionstring|sastoken|accesskey|apikey|\bkey\b|token$", re.IGNORECASE)
_KEPT: Final = {"the storage account", "the vault"}
"""What no single command may delete."""
_PER_ENVIRONMENT: Final = "Microsoft.Cdn/"
"""What lives in the group of the callback's name, which outlives stamps."""


def problems(stamp: Stamp) -> Iterator[str]:
    """Of one stamp's resources."""
    yield from _demands(stamp)
    yield from _words(stamp)
    yield from _assignments(stamp)
    yield from _logs(stamp)
    yield from _locks(stamp)
    yield from _audit(stamp)
    yield from _endpoints(stamp)
    yield from _groups(stamp)
    yield from _outputs(stamp)
    yield from _watched_from_outside(stamp)


def secrets(template: dict[str, Any], where: str = "main") -> Iterator[str]:
    """Parameters and outputs of the compiled template, and of the modules in it, that hold a secret."""
    for kind in ("parameters", "outputs"):
        for name, each in template.get(kind, {}).items():
            if _SECRET.search(name):
                yield f"{where}: {kind} {name} looks like a secret"
            if kind == "outputs" and _SECRET.search(str(each.get("value", ""))):
                yield f"{where}: output {name} gives a secret away"
    for name, each in _resources(template):
        if each["type"] == "Microsoft.Resources/deployments":
            yield from secrets(each["properties"]["template"], name)


def versions(template: dict[str, Any]) -> set[str]:
    """``type@version`` of every resource that the compiled template or a module in it makes or looks up."""
    found: set[str] = set()
    for _, each in _resources(template):
        if each["type"] == "Microsoft.Resources/deployments":
            found |= versions(each["properties"]["template"])
        else:
            found.add(f"{each['type']}@{each['apiVersion']}")
    return found


def unread_versions(template: dict[str, Any], page: Path) -> Iterator[str]:
    """Where the template and the page's list of versions, which a person has looked through, differ."""
    rows = re.findall(r"^\| `(Microsoft\.[\w./]+)` \| ([0-9a-z-]+) \|", page.read_text(encoding="utf-8"), re.MULTILINE)
    listed, used = {f"{type_}@{version}" for type_, version in rows}, versions(template)
    yield from (f"{each}: not among the versions that were looked at" for each in sorted(used - listed))
    yield from (f"{each}: listed, and not used" for each in sorted(listed - used))


def _resources(template: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Compiled templates list their resources, or name them."""
    found = template["resources"]
    yield from found.items() if isinstance(found, dict) else ((each["name"], each) for each in found)


def _demands(stamp: Stamp) -> Iterator[str]:
    wanted = demands(stamp)
    for each in stamp.resources:
        for path, demanded in wanted.get(each.type, {}).items():
            found = said(at(each.body, path))
            if found != demanded:
                yield f"{each.type} {each.last_name}: {path} is {found!r}, not {demanded!r}"


def _words(stamp: Stamp) -> Iterator[str]:
    texts = set(stamp.texts())
    yield from (f"{word} is never used" for word in FORBIDDEN if any(word in text for text in texts))


def _assignments(stamp: Stamp) -> Iterator[str]:
    """A name that lacks scope, principal or role is another's too, or cannot follow an identity that was made anew."""
    assignments = stamp.of_type("Microsoft.Authorization/roleAssignments")
    for name, count in Counter(each.name for each in assignments).items():
        if count > 1:
            yield f"{count} role assignments are called {name}"
    for each in assignments:
        if who(stamp, each) == THE_APP and "<the app's identity: principalId>" not in said(each.name):
            yield f"a role assignment of the app on {place(each.scope)} is not named after its identity"
        if at(each.body, "properties.principalType") not in {"ServicePrincipal", "Group"}:
            yield f"a role assignment on {place(each.scope)} has no principalType"


def _logs(stamp: Stamp) -> Iterator[str]:
    settings = stamp.of_type("Microsoft.Insights/diagnosticSettings")
    for each in settings:
        logs = at(each.body, "properties.logs")
        named = [log.get("category") or log.get("categoryGroup") for log in logs]
        on = _logged(each.scope)
        if named != LOGGED.get((on, each.last_name)):
            yield f"{each.last_name}: {on} logs {named}"
        if not all(log.get("enabled") is True for log in logs):
            yield f"{each.last_name}: the log of {on} is switched off"
    missing = LOGGED.keys() - {(_logged(each.scope), each.last_name) for each in settings}
    yield from (f"{name}: {on} is not logged" for on, name in missing)


def _logged(scope: str) -> str:
    """A service of the storage account by its account's place."""
    account, service, rest = scope.partition("/queueServices")
    for name in ("/tableServices", "/blobServices"):
        if not service:
            account, service, rest = scope.partition(name)
    return f"{place(account)}{service}{rest}" if service else place(scope)


def _locks(stamp: Stamp) -> Iterator[str]:
    locked = {place(each.scope) for each in stamp.of_type("Microsoft.Authorization/locks")}
    profiles = {each.id for each in stamp.of_type("Microsoft.Cdn/profiles")}
    yield from (f"nothing keeps {each} from being deleted" for each in sorted((_KEPT | profiles) - locked))


def _audit(stamp: Stamp) -> Iterator[str]:
    """A policy that is locked cannot be written again, so a deployment leaves it out."""
    kind = "Microsoft.Storage/storageAccounts/blobServices/containers"
    there = {each.last_name for each in stamp.of_type(kind)}
    policies = stamp.of_type(f"{kind}/immutabilityPolicies")
    kept = {each.name.split("/")[-2] for each in policies}
    locked = set(stamp.given.get("lockedAuditContainers", []))
    yield from (f"there is no container {each} for the audit" for each in sorted(AUDITED - there))
    yield from (f"what is in container {each} can be changed" for each in sorted(AUDITED - kept - locked))
    yield from (f"the locked policy of container {each} is written again" for each in sorted(kept & locked))


def _endpoints(stamp: Stamp) -> Iterator[str]:
    """A private endpoint whose DNS zone is another's is never found."""
    zones = {}
    for each in stamp.of_type("Microsoft.Network/privateEndpoints/privateDnsZoneGroups"):
        zones[each.name.split("/")[0]] = str(at(each.body, "properties.privateDnsZoneConfigs.0"))
    for each in stamp.of_type("Microsoft.Network/privateEndpoints"):
        connection = at(each.body, "properties.privateLinkServiceConnections.0.properties")
        service = connection["groupIds"][0]
        wanted = {"vault": "the vault"}.get(service, "the storage account")
        if place(connection["privateLinkServiceId"]) != wanted:
            yield f"the private endpoint {each.name} leads to {place(connection['privateLinkServiceId'])}"
        if f"privatelink.{service}" not in zones.get(each.name, ""):
            yield f"the private endpoint {each.name} is in no zone of {service}"


def _groups(stamp: Stamp) -> Iterator[str]:
    """The callback's name is in a group of its own; everything else is in the stamp's."""
    for each in stamp.resources:
        outlives = "-callback-" in each.id.partition("/resourceGroups/")[2].partition("/")[0]
        if each.type.startswith(_PER_ENVIRONMENT) and not outlives:
            yield f"{each.type} {each.last_name} dies with the stamp"


def _outputs(stamp: Stamp) -> Iterator[str]:
    wanted = {
        "callbackBaseUrl": f"https://{public_host(stamp)}",
        "functionAppHostName": "<the app: defaultHostName>",
        "keyVaultUri": "<the vault: vaultUri>",
        "outboundAddress": "<the outbound address: ipAddress>" if _has_nat(stamp) else "",
        "tableUri": "<the storage account: primaryEndpoints.table>",
        "workspaceId": "<the log workspace>",
    }
    for name, demanded in wanted.items():
        if (found := said(stamp.outputs.get(name))) != demanded:
            yield f"output {name} is {found!r}, not {demanded!r}"


def _has_nat(stamp: Stamp) -> bool:
    return stamp.closed and bool(stamp.given.get("natGateway"))


def _watched_from_outside(stamp: Stamp) -> Iterator[str]:
    """An availability test whose results belong to no Application Insights raises no alert."""
    component = stamp.of_type("Microsoft.Insights/components")[0]
    tests = stamp.of_type("Microsoft.Insights/webtests")
    if not any(each.body["tags"].get(f"hidden-link:{component.id}") == "Resource" for each in tests):
        yield "nobody looks at the app from outside"
