"""Azure's limits on names, from Microsoft's "Naming rules and restrictions for Azure resources"."""

import re
from collections.abc import Iterator
from typing import Final

from tests.infra.stamp import Resource, Stamp, at

_GUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_WORDS: Final = r"[A-Za-z0-9](?:[\w.-]*\w)?"

LIMITS: Final = {
    "Microsoft.Authorization/locks": (1, 90, _WORDS),
    "Microsoft.Authorization/roleDefinitions": (36, 36, _GUID.pattern),
    "Microsoft.Cdn/profiles": (1, 260, r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"),
    "Microsoft.Cdn/profiles/afdEndpoints": (2, 46, r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"),
    "Microsoft.Cdn/profiles/afdEndpoints/routes": (1, 90, r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"),
    "Microsoft.Cdn/profiles/customDomains": (1, 260, r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"),
    "Microsoft.Cdn/profiles/originGroups": (1, 90, r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"),
    "Microsoft.Cdn/profiles/originGroups/origins": (1, 90, r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"),
    "Microsoft.Consumption/budgets": (1, 63, r"[\w-]+"),
    "Microsoft.Insights/actionGroups": (1, 260, r"[^:<>+/&%\\?|]*[^:<>+/&%\\?|. ]"),
    "Microsoft.Insights/components": (1, 260, r"[^%&\\?/]*[^%&\\?/. ]"),
    "Microsoft.Insights/diagnosticSettings": (1, 260, r"[^*#<>%:&\\?+/]+"),
    "Microsoft.Insights/scheduledQueryRules": (1, 260, r"[^*<>%{}&:\\?/#]*[^*<>%{}&:\\?/#. ]"),
    "Microsoft.Insights/webtests": (1, 260, r"[^<>%&\\?/]+"),
    "Microsoft.Insights/workbooks": (36, 36, _GUID.pattern),
    "Microsoft.KeyVault/vaults": (3, 24, r"[A-Za-z](?!.*--)[A-Za-z0-9-]*[A-Za-z0-9]"),
    "Microsoft.ManagedIdentity/userAssignedIdentities": (3, 128, r"[A-Za-z0-9][\w-]*"),
    "Microsoft.Network/natGateways": (1, 80, _WORDS),
    "Microsoft.Network/privateEndpoints": (2, 64, _WORDS),
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups": (1, 80, _WORDS),
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks": (1, 80, _WORDS),
    "Microsoft.Network/publicIPAddresses": (1, 80, _WORDS),
    "Microsoft.Network/virtualNetworks": (2, 64, _WORDS),
    "Microsoft.OperationalInsights/workspaces": (4, 63, r"[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]"),
    "Microsoft.Resources/resourceGroups": (1, 90, r"[\w().-]*[\w()-]"),
    "Microsoft.Storage/storageAccounts": (3, 24, r"[a-z0-9]+"),
    "Microsoft.Storage/storageAccounts/blobServices/containers": (3, 63, r"(?!.*--)[a-z0-9][a-z0-9-]*[a-z0-9]"),
    "Microsoft.Storage/storageAccounts/queueServices/queues": (3, 63, r"(?!.*--)[a-z0-9][a-z0-9-]*[a-z0-9]"),
    "Microsoft.Storage/storageAccounts/tableServices/tables": (3, 63, r"[A-Za-z][A-Za-z0-9]*"),
    "Microsoft.Web/serverfarms": (1, 60, r"[A-Za-z0-9-]+"),
    "Microsoft.Web/sites": (2, 60, r"[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]"),
}
"""Shortest, longest, and what it is made of; by type."""

FIXED: Final = {
    "Microsoft.Authorization/roleAssignments",
    "Microsoft.Network/privateDnsZones",
    "Microsoft.Storage/storageAccounts/blobServices",
    "Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies",
    "Microsoft.Storage/storageAccounts/queueServices",
    "Microsoft.Storage/storageAccounts/tableServices",
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies",
    "Microsoft.Web/sites/config",
}
"""Types whose names Azure fixes, or takes as a GUID that only a deployment can work out."""

_RESERVED: Final = re.compile(r"microsoft|login|xbox|windows", re.IGNORECASE)
_SHORT_NAME: Final = 12


def problems(stamp: Stamp) -> Iterator[str]:
    """Names that Azure would refuse."""
    for each in stamp.resources:
        if each.type in LIMITS:
            yield from _name(each)
        elif each.type not in FIXED:
            yield f"{each.type}: nobody has looked up what names it takes"
    for group in stamp.of_type("Microsoft.Insights/actionGroups"):
        if not 0 < len(at(group.body, "properties.groupShortName") or "") <= _SHORT_NAME:
            yield "the action group has no short name, or one that is too long"
    for network in stamp.of_type("Microsoft.Network/virtualNetworks"):
        # Flex Consumption takes no subnet with an underscore in its name.
        yield from (f"subnet {each['name']}" for each in at(network.body, "properties.subnets") if "_" in each["name"])


def _name(resource: Resource) -> Iterator[str]:
    shortest, longest, pattern = LIMITS[resource.type]
    name = resource.last_name
    if not shortest <= len(name) <= longest or not re.fullmatch(pattern, name):
        yield f"{resource.type} {name}: Azure takes no such name"
    if _RESERVED.search(name):
        yield f"{resource.type} {name}: it has a reserved word in it"
