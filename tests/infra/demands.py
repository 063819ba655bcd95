"""What each resource of a stamp must say, as tables; ``design.py`` holds the evaluated deployment to it."""

from typing import Any, Final

from tests.infra.stamp import Stamp

_SECRETS: Final = "Microsoft.KeyVault/vaults/secrets"
SECRET_CALLS: Final = {
    "get_secret": f"{_SECRETS}/getSecret/action",
    "set_secret": f"{_SECRETS}/setSecret/action",
    "recover_deleted_secret": f"{_SECRETS}/recover/action",
}
"""What the app calls of the vault's client, and the right that each call takes."""

LOGGED: Final = {
    # Of the site only what the app itself logs: every other category keeps query strings.
    ("the app", "function-log"): ["FunctionAppLogs"],
    ("the vault", "audit"): ["audit"],
    ("the storage account/queueServices/default", "queue-log"): ["StorageWrite", "StorageDelete"],
    ("the storage account/queueServices/default", "audit"): ["audit"],
    ("the storage account/tableServices/default", "audit"): ["audit"],
    ("the storage account/blobServices/default", "audit"): ["audit"],
}
"""What each diagnostic setting logs: (what is logged, name of the setting)."""

AUDITED: Final = {"audit", "insights-logs-auditevent", "insights-logs-storagewrite", "insights-logs-storagedelete"}
"""Containers whose blobs nobody can change: our own, and those that Azure Monitor names after what it archives."""

FORBIDDEN: Final = (
    "AccountKey=",
    "DefaultEndpointsProtocol",
    "SharedAccessSignature",
    "listKeys(",
    "listSecrets(",
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
"""Words that stand nowhere in a deployment."""


def demands(stamp: Stamp) -> dict[str, dict[str, Any]]:
    """What resources must say, by type: values by path, with what is read from others as ``stamp.said`` names it."""
    return _stores(stamp) | _app(stamp) | _around(stamp) | _callback(stamp)


def _stores(stamp: Stamp) -> dict[str, dict[str, Any]]:
    to_others = "Deny" if stamp.closed else "Allow"
    reached = "Disabled" if stamp.closed and not stamp.given.get("allowedIpRanges") else "Enabled"
    redundancy = ("G" if stamp.given.get("geoRedundant") else "") + ("Z" if stamp.given.get("zoneRedundant") else "")
    return {
        "Microsoft.Storage/storageAccounts": {
            "kind": "StorageV2",
            "sku.name": f"Standard_{redundancy or 'L'}RS",
            "properties.allowBlobPublicAccess": False,
            "properties.allowCrossTenantReplication": False,
            "properties.allowSharedKeyAccess": False,
            "properties.defaultToOAuthAuthentication": True,
            "properties.minimumTlsVersion": "TLS1_2",
            "properties.networkAcls.defaultAction": to_others,
            "properties.supportsHttpsTrafficOnly": True,
        },
        "Microsoft.Storage/storageAccounts/blobServices/containers": {"properties.publicAccess": "None"},
        "Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies": {
            "properties.allowProtectedAppendWrites": True,
            "properties.immutabilityPeriodSinceCreationInDays": stamp.given.get("auditRetentionDays", 2557),
        },
        "Microsoft.KeyVault/vaults": {
            "properties.createMode": stamp.given.get("vaultCreateMode", "default"),
            "properties.enablePurgeProtection": True,
            "properties.enableRbacAuthorization": True,
            "properties.enableSoftDelete": True,
            "properties.networkAcls.bypass": "None",
            "properties.networkAcls.defaultAction": to_others,
            "properties.publicNetworkAccess": reached,
            "properties.softDeleteRetentionInDays": 90,
        },
        "Microsoft.Authorization/locks": {"properties.level": "CanNotDelete"},
        "Microsoft.Authorization/roleDefinitions": {
            "properties.permissions": [
                {"actions": [], "notActions": [], "dataActions": [*SECRET_CALLS.values()], "notDataActions": []}
            ],
            "properties.type": "CustomRole",
        },
    }


def _app(stamp: Stamp) -> dict[str, dict[str, Any]]:
    ready = stamp.given.get("httpAlwaysReady", 0)
    deployment = "properties.functionAppConfig.deployment.storage"
    scale = "properties.functionAppConfig.scaleAndConcurrency"
    return {
        "Microsoft.Web/serverfarms": {
            "sku.name": "FC1",
            "sku.tier": "FlexConsumption",
            "properties.reserved": True,
            "properties.zoneRedundant": stamp.given.get("zoneRedundant", False),
        },
        "Microsoft.Web/sites": {
            "kind": "functionapp,linux",
            "identity.type": "UserAssigned",
            "properties.httpsOnly": True,
            # Caselle calls from the internet, a closed stamp too.
            "properties.publicNetworkAccess": "Enabled",
            "properties.functionAppConfig.runtime.name": "python",
            f"{deployment}.authentication.type": "UserAssignedIdentity",
            f"{deployment}.authentication.userAssignedIdentityResourceId": "<the app's identity>",
            f"{deployment}.value": "<the storage account: primaryEndpoints.blob>app-package",
            f"{scale}.alwaysReady": [{"name": "http", "instanceCount": ready}] if ready else [],
            f"{scale}.instanceMemoryMB": stamp.given.get("instanceMemoryMB", 2048),
            f"{scale}.maximumInstanceCount": stamp.given.get("maximumInstanceCount", 40),
            "properties.siteConfig.ftpsState": "Disabled",
            "properties.siteConfig.minTlsVersion": "1.2",
            "properties.siteConfig.scmMinTlsVersion": "1.2",
        },
        "Microsoft.Web/sites/basicPublishingCredentialsPolicies": {"properties.allow": False},
    }


def _around(stamp: Stamp) -> dict[str, dict[str, Any]]:
    nat = stamp.closed and stamp.given.get("natGateway", False)
    return {
        "Microsoft.OperationalInsights/workspaces": {
            "properties.retentionInDays": stamp.given.get("logRetentionDays", 90)
        },
        "Microsoft.Insights/components": {
            "properties.DisableLocalAuth": True,
            "properties.WorkspaceResourceId": "<the log workspace>",
        },
        "Microsoft.Insights/scheduledQueryRules": {
            "properties.actions.actionGroups.0": "<the action group>",
            "properties.autoMitigate": False,
            "properties.enabled": True,
            "properties.scopes": ["<the log workspace>"],
        },
        "Microsoft.Insights/webtests": {
            "kind": "standard",
            "properties.Enabled": True,
            "properties.Request.HttpVerb": "GET",
            "properties.Request.RequestUrl": f"https://{public_host(stamp)}/api/health",
            "properties.ValidationRules.ExpectedHttpStatusCode": 200,
            "properties.ValidationRules.SSLCheck": True,
            "properties.ValidationRules.SSLCertRemainingLifetimeCheck": 14,
        },
        "Microsoft.Network/publicIPAddresses": {
            "sku.name": "Standard",
            "properties.publicIPAllocationMethod": "Static",
        },
        "Microsoft.Network/natGateways": {"properties.publicIpAddresses": [{"id": "<the outbound address>"}]},
        "Microsoft.Network/virtualNetworks": {
            "properties.subnets.0.properties.delegations.0.properties.serviceName": "Microsoft.App/environments",
            "properties.subnets.0.properties.natGateway": {"id": _nat_id(stamp)} if nat else None,
            "properties.subnets.1.properties.natGateway": None,
        },
    }


def _nat_id(stamp: Stamp) -> str:
    return f"<{stamp.of_type('Microsoft.Network/natGateways')[0].id}>"


def _callback(stamp: Stamp) -> dict[str, dict[str, Any]]:
    return {
        "Microsoft.Cdn/profiles": {
            "properties.logScrubbing.state": "Enabled",
            "properties.logScrubbing.scrubbingRules": [
                {"matchVariable": "QueryStringArgNames", "selectorMatchOperator": "EqualsAny", "state": "Enabled"}
            ],
        },
        "Microsoft.Cdn/profiles/customDomains": {
            "properties.hostName": stamp.given.get("callbackHostName"),
            "properties.tlsSettings.minimumTlsVersion": "TLS12",
        },
        "Microsoft.Cdn/profiles/afdEndpoints/routes": {
            "properties.forwardingProtocol": "HttpsOnly",
            "properties.linkToDefaultDomain": "Disabled",
            "properties.supportedProtocols": ["Https"],
        },
        "Microsoft.Cdn/profiles/originGroups/origins": {
            "properties.enforceCertificateNameCheck": True,
            "properties.hostName": "<the app: defaultHostName>",
            # The app knows no other name, and answers 404 to one.
            "properties.originHostHeader": "<the app: defaultHostName>",
        },
    }


def public_host(stamp: Stamp) -> str:
    """The name that Caselle calls."""
    return stamp.given.get("callbackHostName") or "<the app: defaultHostName>"
