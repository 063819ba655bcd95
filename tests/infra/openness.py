"""What of a stamp the internet can reach: each resource with a face to it is named here, with why it is open."""

from collections.abc import Iterator
from typing import Final

from tests.infra.stamp import Stamp, at

OPEN: Final = {
    "Microsoft.Cdn/profiles": "Caselle calls by the name that it carries; only the callback and the health page pass",
    "Microsoft.Cdn/profiles/afdEndpoints": "as above",
    "Microsoft.Insights/components": "telemetry comes with an Entra token only",
    "Microsoft.Network/publicIPAddresses": "calls leave from it, and none comes in: a NAT gateway takes none",
    "Microsoft.OperationalInsights/workspaces": "read with an Entra token only",
    "Microsoft.Web/sites": "the callback, the API and the console; each asks for its key or for a person",
}
"""Open in each stamp, and why."""

GUARDED: Final = {"Microsoft.KeyVault/vaults", "Microsoft.Storage/storageAccounts"}
"""Closed in a closed stamp but for the ranges it names; elsewhere open to Entra tokens alone."""

WITHOUT_A_FACE: Final = {
    *("Microsoft.Authorization/locks", "Microsoft.Authorization/roleAssignments"),
    *("Microsoft.Authorization/roleDefinitions", "Microsoft.Consumption/budgets"),
    *("Microsoft.Cdn/profiles/afdEndpoints/routes", "Microsoft.Cdn/profiles/customDomains"),
    *("Microsoft.Cdn/profiles/originGroups", "Microsoft.Cdn/profiles/originGroups/origins"),
    *("Microsoft.Insights/actionGroups", "Microsoft.Insights/diagnosticSettings"),
    *("Microsoft.Insights/scheduledQueryRules", "Microsoft.Insights/webtests", "Microsoft.Insights/workbooks"),
    *("Microsoft.ManagedIdentity/userAssignedIdentities", "Microsoft.Network/natGateways"),
    *("Microsoft.Network/privateDnsZones", "Microsoft.Network/privateDnsZones/virtualNetworkLinks"),
    *("Microsoft.Network/privateEndpoints", "Microsoft.Network/privateEndpoints/privateDnsZoneGroups"),
    *("Microsoft.Network/virtualNetworks", "Microsoft.Resources/resourceGroups"),
    *("Microsoft.Storage/storageAccounts/blobServices", "Microsoft.Storage/storageAccounts/blobServices/containers"),
    "Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies",
    *("Microsoft.Storage/storageAccounts/queueServices", "Microsoft.Storage/storageAccounts/queueServices/queues"),
    *("Microsoft.Storage/storageAccounts/tableServices", "Microsoft.Storage/storageAccounts/tableServices/tables"),
    *("Microsoft.Web/serverfarms", "Microsoft.Web/sites/config"),
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies",
}
"""Reached through the resource that they are part of, or not at all."""


def problems(stamp: Stamp) -> Iterator[str]:
    """What is open and should not be."""
    yield from _unknown(stamp)
    yield from _guarded(stamp)
    yield from _addresses(stamp)
    yield from _networks(stamp)


def _unknown(stamp: Stamp) -> Iterator[str]:
    known = OPEN.keys() | GUARDED | WITHOUT_A_FACE
    found = {each.type for each in stamp.resources}
    yield from (f"{each}: nobody has said whether the internet may reach it" for each in sorted(found - known))


def _guarded(stamp: Stamp) -> Iterator[str]:
    ranges = set(stamp.given.get("allowedIpRanges", []))
    for each in (each for type_ in sorted(GUARDED) for each in stamp.of_type(type_)):
        rules = at(each.body, "properties.networkAcls")
        named = {rule["value"] for rule in rules["ipRules"]}
        if named != ranges:
            yield f"{each.name} is open to {sorted(named ^ ranges)}"
        if stamp.closed and rules["defaultAction"] != "Deny":
            yield f"{each.name} is open to everybody"
        if at(each.body, "properties.allowBlobPublicAccess"):
            yield f"{each.name} shows blobs to everybody"


def _addresses(stamp: Stamp) -> Iterator[str]:
    """A public address is the gateway's, and nothing else's."""
    gateways = str([each.body for each in stamp.of_type("Microsoft.Network/natGateways")])
    others = str([each.body for each in stamp.resources if each.type != "Microsoft.Network/natGateways"])
    for each in stamp.of_type("Microsoft.Network/publicIPAddresses"):
        if each.id not in gateways or f"'id': '{each.id}'" in others.replace(str(each.body), ""):
            yield f"{each.name} is reachable"


def _networks(stamp: Stamp) -> Iterator[str]:
    """The app's subnet is the app's alone, and each store of a closed stamp has its way in."""
    if not stamp.closed:
        return
    services = {
        service
        for each in stamp.of_type("Microsoft.Network/privateEndpoints")
        for service in at(each.body, "properties.privateLinkServiceConnections.0.properties.groupIds")
    }
    if services != {"blob", "queue", "table", "vault"}:
        yield f"private endpoints lead to {sorted(services)}"
    for site in stamp.of_type("Microsoft.Web/sites"):
        if not str(at(site.body, "properties.virtualNetworkSubnetId")).endswith("/subnets/app"):
            yield "the app is in no subnet of its own"
