"""What the templates must say, as tables; ``design.py`` holds them to it."""

from typing import Any, Final

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
        "properties.networkAcls.defaultAction": "closed ? 'Deny' : 'Allow'",
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
        "properties.networkAcls.defaultAction": "closed ? 'Deny' : 'Allow'",
        "properties.publicNetworkAccess": "closed && empty(allowedIpRanges) ? 'Disabled' : 'Enabled'",
        "properties.softDeleteRetentionInDays": 90,
    },
    "Microsoft.Insights/components": {"properties.DisableLocalAuth": True},
    "Microsoft.Insights/scheduledQueryRules": {
        "properties.actions.actionGroups": ["actionGroupId"],
        "properties.autoMitigate": False,
        "properties.criteria.allOf.0.operator": "alert.kind == 'missing' ? 'LessThan' : 'GreaterThan'",
        "properties.enabled": True,
    },
    "Microsoft.Network/virtualNetworks": {
        "properties.subnets.0.properties.delegations.0.properties.serviceName": "Microsoft.App/environments"
    },
    "Microsoft.Web/serverfarms": {"sku.name": "FC1", "sku.tier": "FlexConsumption", "properties.reserved": True},
    "Microsoft.Web/sites": {
        "kind": "functionapp,linux",
        "identity.type": "UserAssigned",
        "properties.httpsOnly": True,
        # Caselle calls from the internet, a closed stamp too.
        "properties.publicNetworkAccess": "Enabled",
        "properties.functionAppConfig.runtime.name": "python",
        "properties.functionAppConfig.deployment.storage.authentication.type": "UserAssignedIdentity",
        "properties.functionAppConfig.deployment.storage.value": "packageContainerUrl",
        "properties.functionAppConfig.scaleAndConcurrency.alwaysReady": (
            "httpAlwaysReady > 0 ? [{ name: 'http', instanceCount: httpAlwaysReady }] : []"
        ),
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
    "Microsoft.Cdn/profiles": {
        "properties.logScrubbing.state": "Enabled",
        "properties.logScrubbing.scrubbingRules": [
            {"matchVariable": "QueryStringArgNames", "selectorMatchOperator": "EqualsAny", "state": "Enabled"}
        ],
    },
    "Microsoft.Cdn/profiles/customDomains": {"properties.tlsSettings.minimumTlsVersion": "TLS12"},
    "Microsoft.Cdn/profiles/afdEndpoints/routes": {"properties.forwardingProtocol": "HttpsOnly"},
    "Microsoft.Cdn/profiles/originGroups/origins": {
        "properties.hostName": "originHostName",
        # The app knows no other name, and answers 404 to one.
        "properties.originHostHeader": "originHostName",
    },
    "modules/audit.bicep": {"params.closed": "vnetEnabled"},
    "modules/callbackhost.bicep": {"scope": "callbackGroup"},
    "modules/keyvault.bicep": {"params.closed": "vnetEnabled"},
    "modules/storage.bicep": {"params.closed": "vnetEnabled", "params.tables": "tables"},
    "hostSettings": {
        "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": "'ClientId=${identityClientId};Authorization=AAD'",
        "AzureWebJobsStorage__blobServiceUri": "blobUri",
        "AzureWebJobsStorage__clientId": "identityClientId",
        "AzureWebJobsStorage__credential": "managedidentity",
        "AzureWebJobsStorage__queueServiceUri": "queueUri",
        "AzureWebJobsStorage__tableServiceUri": "tableUri",
    },
}
"""What resources (by type), modules (by file) and variables (by name) must say: text, where it is an expression."""

LOGGED: Final = {
    # Of the site only what the app itself logs: every other category keeps query strings.
    ("Microsoft.Web/sites", "function-log"): ["FunctionAppLogs"],
    ("Microsoft.KeyVault/vaults", "audit"): ["audit"],
    ("Microsoft.Storage/storageAccounts/queueServices", "queue-log"): ["StorageWrite", "StorageDelete"],
    ("Microsoft.Storage/storageAccounts/queueServices", "audit"): ["audit"],
    ("Microsoft.Storage/storageAccounts/tableServices", "audit"): ["audit"],
    ("Microsoft.Storage/storageAccounts/blobServices", "audit"): ["audit"],
}
"""What each diagnostic setting logs: (type of what is logged, name of the setting)."""

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
