"""Faults written into a copy of the templates: compiler, linter or a demand on the deployment must name each."""

from typing import NamedTuple

import pytest

from tests.infra.gate import Copy


class Fault(NamedTuple):
    name: str
    file: str
    old: str
    new: str
    found: str
    """Part of the sentence that names it; the code of a diagnostic where compiler or linter do."""


STORAGE, VAULT, APP = "modules/storage.bicep", "modules/keyvault.bicep", "modules/functionapp.bicep"
ACCESS, AUDIT, MONITORING = "modules/storageaccess.bicep", "modules/audit.bicep", "modules/monitoring.bicep"
ALERTS, NETWORK, CALLBACK = "modules/alerts.bicep", "modules/network.bicep", "modules/callbackhost.bicep"
OUTSIDE, IDENTITY = "modules/availability.bicep", "modules/identity.bicep"
PROD = "regions/westus2.prod.bicepparam"

FAULTS = [
    # Syntax and names.
    Fault("a brace is missing", VAULT, "  name: name\n  location: location\n", "  name: {\n  location: location\n", "keyvault.bicep:"),
    Fault("no comma on one line", VAULT, "family: 'A', name", "family: 'A' name", "BCP236"),
    Fault("a property twice", VAULT, "enableSoftDelete: true", "enableSoftDelete: true\n    enableSoftDelete: true", "BCP025"),
    Fault("a mistyped variable", STORAGE, "for name in queues", "for name in queue_names", "BCP057"),
    Fault("a mistyped function", "main.bicep", "uniqueString(", "uniqueStrings(", "BCP082"),
    Fault("a parameter that nobody uses", "main.bicep", "param tags object = {}", "param tags object = {}\nparam colour string = ''", "no-unused-params"),
    Fault("a parameter declared twice", VAULT, "param tags object", "param tags object\nparam tags object", "BCP028"),
    # Between files.
    Fault("a module that does not exist", "main.bicep", "modules/identity.bicep", "modules/identities.bicep", "BCP091"),
    Fault("a module's parameter is missing", "main.bicep", "    createMode: vaultCreateMode\n", "", "BCP035"),
    Fault("a module has no such parameter", "main.bicep", "    createMode: vaultCreateMode\n", "    createMode: vaultCreateMode\n    mode: 'x'\n", "BCP037"),
    Fault("a module has no such output", "main.bicep", "identity.outputs.clientId", "identity.outputs.clientID", "BCP083"),
    Fault("another type than the parameter's", "main.bicep", "    closed: vnetEnabled\n    allowedIpRanges: allowedIpRanges\n    appPrincipalId", "    closed: 'no'\n    allowedIpRanges: allowedIpRanges\n    appPrincipalId", "BCP036"),
    Fault("another type, by a parameter", "main.bicep", "alertEmails: alertEmails\n    appPrincipalId", "alertEmails: location\n    appPrincipalId", "BCP036"),
    Fault("one output for another", "main.bicep", "queueUri: storage.outputs.queueUri", "queueUri: storage.outputs.tableUri", "setting AzureWebJobsStorage__queueServiceUri is"),
    Fault("one output for another, by the module's name", "main.bicep", "vaultName: vault.outputs.name", "vaultName: app.outputs.name", "BCP080"),
    Fault("a module without its scope", "main.bicep", "module workbook 'modules/workbook.bicep' = {\n  scope: group\n", "module workbook 'modules/workbook.bicep' = {\n", "BCP134"),
    Fault("modules that wait for each other", "main.bicep", "    appPrincipalId: identity.outputs.principalId\n    workspaceId: monitoring.outputs.workspaceId\n    auditAccountId", "    appPrincipalId: app.outputs.name\n    workspaceId: monitoring.outputs.workspaceId\n    auditAccountId", "BCP080"),
    Fault("a region without a parameter", PROD, "param location = 'westus2'\n", "", "BCP258"),
    Fault("a region with an unknown parameter", PROD, "param location = 'westus2'\n", "param location = 'westus2'\nparam colour = 'red'\n", "BCP259"),
    Fault("a value that is not allowed", PROD, "= 'prod'", "= 'production'", "BCP033"),
    Fault("a number out of range", PROD, "param httpAlwaysReady = 1", "param httpAlwaysReady = 99", "BCP327"),
    Fault("nobody is mailed", PROD, "['caselle-oncall@example.com']", "[]", "BCP333"),
    Fault("a region file for another region", PROD, "param location = 'westus2'", "param location = 'eastus'", "describes eastus.prod"),
    # Properties of Azure's types.
    Fault("a property that does not exist", STORAGE, "allowSharedKeyAccess: false", "allowSharedKeysAccess: false", "BCP089"),
    Fault("a nested property that does not exist", APP, "instanceMemoryMB: instanceMemoryMB", "instanceMemoryMb: instanceMemoryMB", "BCP089"),
    Fault("a property read that does not exist", "modules/identity.bicep", "identity.properties.clientId", "identity.properties.clientID", "BCP083"),
    Fault("a version that nobody checked", VAULT, "vaults@2025-05-01", "vaults@2019-09-01", "not among the versions"),
    # What this product demands.
    Fault("shared keys", STORAGE, "allowSharedKeyAccess: false", "allowSharedKeyAccess: true", "allowSharedKeyAccess is True"),
    Fault("old TLS", AUDIT, "'TLS1_2'", "'TLS1_0'", "minimumTlsVersion"),
    Fault("no purge protection", VAULT, "    enablePurgeProtection: true\n", "", "enablePurgeProtection is None"),
    Fault("access policies instead of roles", VAULT, "enableRbacAuthorization: true", "enableRbacAuthorization: false", "enableRbacAuthorization"),
    Fault("the vault may be deleted", VAULT, "Microsoft.Authorization/locks@2020-05-01", "Microsoft.Authorization/roleAssignments@2022-04-01", "nothing keeps the vault from being deleted"),
    Fault("plain http", APP, "httpsOnly: true", "httpsOnly: false", "httpsOnly is False"),
    Fault("publishing by password", APP, "name: 'scm'\n  properties: { allow: false }", "name: 'scm'\n  properties: { allow: true }", "properties.allow is True"),
    Fault("telemetry by key", MONITORING, "DisableLocalAuth: true", "DisableLocalAuth: false", "DisableLocalAuth"),
    Fault("a connection string of storage", APP, "AzureWebJobsDisableHomepage: 'true'", "AzureWebJobsStorage: 'DefaultEndpointsProtocol=https'", "DefaultEndpointsProtocol is never used"),
    Fault("keys read by a function", STORAGE, "output accountName string = account.name", "output accountName string = listKeys(account.id, '2025-06-01').keys[0].value", "outputs-should-not-contain-secrets"),
    Fault("a secret given away", MONITORING, "output workspaceId string = workspace.id", "output workspaceId string = workspace.id\noutput primary string = component.properties.ConnectionString", "gives a secret away"),
    Fault("a secret as a parameter", "main.bicep", "param tags object = {}", "param tags object = {}\n@secure()\nparam clientSecret string = ''\nvar x = clientSecret\noutput y string = x", "outputs-should-not-contain-secrets"),
    Fault("the app owns more than it needs", VAULT, "b86a8fe4-44ce-4948-aee5-eccb2c155cd7", "00482a5a-887f-4fb3-b363-3b7fe8e74483", "unknown role"),
    Fault("the app may delete secrets", VAULT, "secrets/recover/action'", "secrets/delete'", "properties.permissions is"),
    Fault("readers are given the secrets", "main.bicep", "    vaultGroupIds: vaultGroupIds\n    workspaceId", "    vaultGroupIds: readerGroupIds\n    workspaceId", "readerGroupIds gets Key Vault Secrets Officer on the vault: not on the page"),
    Fault("operators set up billers", ACCESS, "groupIds: configGroupIds", "groupIds: operatorGroupIds", "operatorGroupIds gets Storage Table Data Contributor on table `billers`: not on the page"),
    Fault("the page promises less", "README.md", "`ledger`, `quarantine`", "`ledger`", "table `quarantine`: not on the page"),
    Fault("Invoice Cloud may read what it enqueues", ACCESS, "roleId: storageQueueDataMessageSender", "roleId: storageQueueDataReader", "no-unused-vars"),
    Fault("everybody who enqueues takes results", ACCESS, "principalIds: icResultsPrincipalIds", "principalIds: icSenderPrincipalIds", "no-unused-params"),
    Fault("a role on the whole group", STORAGE, "    scope: account\n    name: guid(account.id, appPrincipalId", "    name: guid(account.id, appPrincipalId", "the app gets Storage Blob Data Owner on"),
    Fault("a role's name without its principal", STORAGE, "guid(account.id, appPrincipalId, roleId)", "guid(account.id, roleId)", "is not named after its identity"),
    Fault("access logs with query strings", APP, "category: 'FunctionAppLogs'", "category: 'AppServiceHTTPLogs'", "AppServiceHTTPLogs is never used"),
    Fault("an audit that can be changed", AUDIT, "if (!contains(lockedContainers, name)) {", "if (name != 'audit' && !contains(lockedContainers, name)) {", "what is in container audit can be changed"),
    Fault("a region may open loopback", PROD, "param callbackStamps = []", "param callbackStamps = []\nparam extraAppSettings = { CASELLE_ALLOW_LOOPBACK: '1' }", "CASELLE_ALLOW_LOOPBACK is never used"),
    Fault("admins overrule settings", APP, "union(extraAppSettings, hostSettings, ownSettings, tokenSettings, callbackSettings, consoleSettings)", "union(hostSettings, ownSettings, tokenSettings, callbackSettings, consoleSettings, extraAppSettings)", "setting AzureWebJobsDisableHomepage is 'false'"),
    Fault("a cloud's address written out", APP, "KEY_VAULT_URL: vaultUri", "KEY_VAULT_URL: 'https://kv.vault.azure.net'", "no-hardcoded-env-urls"),
    # What must hold for the stamp to work, and to stay closed.
    Fault("the app is closed to Caselle", APP, "publicNetworkAccess: 'Enabled'", "publicNetworkAccess: 'Disabled'", "publicNetworkAccess is 'Disabled'"),
    Fault("the callback host dies with the stamp", "main.bicep", "scope: callbackGroup", "scope: group", "dies with the stamp"),
    Fault("the callback's key stays in the logs", CALLBACK, "selectorMatchOperator: 'EqualsAny', state: 'Enabled'", "selectorMatchOperator: 'EqualsAny', state: 'Disabled'", "scrubbingRules is"),
    Fault("the app is called by the public name", CALLBACK, "originHostHeader: originHostName", "originHostHeader: hostName", "originHostHeader is"),
    Fault("the firewall of storage inverted", STORAGE, "closed ? 'Deny' : 'Allow'", "closed ? 'Allow' : 'Deny'", "is open to everybody"),
    Fault("the firewall of the vault inverted", VAULT, "closed ? 'Deny' : 'Allow'", "closed ? 'Allow' : 'Deny'", "is open to everybody"),
    Fault("the vault is never closed", "main.bicep", "    createMode: vaultCreateMode\n    closed: vnetEnabled", "    createMode: vaultCreateMode\n    closed: false", "is open to everybody"),
    Fault("the vault's audit is gone", VAULT, "categoryGroup: 'audit'", "categoryGroup: 'metrics'", "the vault logs ['metrics']"),
    Fault("the lock is not on the vault", VAULT, "locks@2020-05-01' = {\n  scope: vault", "locks@2020-05-01' = {\n  scope: resourceGroup()", "nothing keeps the vault from being deleted"),
    Fault("telemetry without the identity", APP, ";Authorization=AAD", "", "APPLICATIONINSIGHTS_AUTHENTICATION_STRING is"),
    Fault("a credential that the host does not know", APP, "'managedidentity'", "'default'", "AzureWebJobsStorage__credential is 'default'"),
    Fault("the queues' address is the tables'", APP, "queueServiceUri: queueUri", "queueServiceUri: tableUri", "no-unused-params"),
    Fault("ready instances of no group", APP, "name: 'http', instanceCount", "name: 'https', instanceCount", "alwaysReady is"),
    Fault("the package in no container", APP, "value: packageContainerUrl", "value: blobUri", "no-unused-params"),
    Fault("the app's subnet is of another service", NETWORK, "Microsoft.App/environments", "Microsoft.Web/serverFarms", "serviceName is 'Microsoft.Web/serverFarms'"),
    Fault("a private endpoint that no name leads to", NETWORK, "privatelink.queue.", "privatelink.table.", "is in no zone of queue"),
    Fault("alerts reach nobody", ALERTS, "concat([actionGroupId], actionGroupIds[?string(alert.severity)] ?? [])", "[]", "no-unused-params"),
    Fault("alerts when the sweeper runs", ALERTS, "'missing' ? 'LessThan' : 'GreaterThan'", "'missing' ? 'GreaterThan' : 'LessThan'", "operator is 'GreaterThan'"),
    Fault("alerts see one minute of five", ALERTS, "ago({2}m)", "ago(1m)", "is not seen"),
    Fault("a budget from the middle of a month", PROD, "'2026-12-01'", "'2026-12-15'", "its budget begins on no first of a month"),
    Fault("a budget that never begins", PROD, "param budgetStart = '2026-12-01'\n", "", "its budget begins on no first of a month"),
    Fault("payments in one region only", PROD, "geoRedundant = true", "geoRedundant = false", "the ledger is not copied"),
    # What the code says, too.
    Fault("the queue of the results is never made", "main.bicep", "poisonQueues, [resultQueue])", "poisonQueues)", "queue posting-results: missing"),
    Fault("a queue whose poison queue is never made", "main.bicep", "[for queue in concat(inboundQueues, internalQueues):", "[for queue in inboundQueues:", "queue due-poison: missing"),
    Fault("a queue is missing", "main.bicep", "'payments', 'ach-rejects'", "'ach-rejects'", "queue payments: missing"),
    Fault("a poison queue by another name", "main.bicep", "'${queue}-poison'", "'${queue}-failed'", "queue ach-rejects-failed: in the templates only"),
    Fault("a table is missing", "main.bicep", "'ledger'\n  'billers'", "'billers'", "table ledger: missing"),
    Fault("a setting is missing", APP, "  STAMP_REGIONS: join(stampRegions, ',')\n", "", "no-unused-params"),
    Fault("the host's client id is missing", APP, "  AzureWebJobsStorage__clientId: identityClientId\n", "", "AzureWebJobsStorage__clientId: missing"),
    Fault("a setting that nobody reads", APP, "AZURE_CLIENT_ID: identityClientId", "AZURE_CLIENT_ID: identityClientId\n  CASELLE_BASEURL: 'x'", "CASELLE_BASEURL: in the templates only"),
    Fault("another Python", "main.bicep", "pythonVersion string = '3.13'", "pythonVersion string = '3.12'", "BCP033"),
    Fault("an alert on an event that is gone", "alerts.json", '"relay.down"', '"relay.gone"', "nothing emits it"),
    Fault("an event without an alert", "alerts.json", '"payment.overdue", ', "", "event payment.overdue: no alert"),
    Fault("an alert that does not say for whom", "alerts.json", "One city: payments wait", "Payments wait", "does not tell one city from everyone"),
    Fault("a runbook page that is gone", "alerts.json", '"runbook": "', '"runbook": "gone-', "there is no page"),
    Fault("the workbook asks for an event that is gone", "workbook.json", "payment.posted", "payment.paid", "nothing emits payment.paid"),
    Fault("the callback host leads elsewhere", CALLBACK, "'/api/ICOAuthTokenProcessor'", "'/api/oauth'", "path of the callback host"),

    Fault("arithmetic on text", STORAGE, "name: 'Standard_${replication}'", "name: 'Standard_' + replication", "BCP045"),
    Fault("a function with too few arguments", "modules/network.bicep", "cidrSubnet(addressPrefix, 26, 1)", "cidrSubnet(addressPrefix)", "BCP071"),
    Fault("a value that the type does not list", STORAGE, "accessTier: 'Hot'", "accessTier: 'Warm'", "BCP036"),
    Fault("a required property is missing", MONITORING, "    groupShortName: 'caselle'\n", "", "BCP035"),
    # What only looks right.
    Fault("a locked policy is written again", AUDIT, "if (!contains(lockedContainers, name)) {", "{", "no-unused-params"),
    Fault("the pager is called for the wrong ones", ALERTS, "actionGroupIds[?string(alert.severity)] ?? []", "actionGroupIds[?'3'] ?? []", "actions.actionGroups is"),
    Fault("a severity that nobody is called for", "modules/types.bicep", "'1': string[]?", "'0': string[]?", "BCP037"),
    Fault("a mail for every run that sees the same", ALERTS, "alert.kind == 'seen' ? null", "alert.kind != 'seen' ? null", "muteActionsDuration is"),
    Fault("nobody looks from outside", OUTSIDE, "'hidden-link:${component.id}'", "'link:${component.id}'", "nobody looks at the app from outside"),
    Fault("it is looked at by a request that the host does not know", OUTSIDE, "'GET'", "'HEAD'", "properties.Request.HttpVerb is"),
    Fault("a page that asks for a key is looked at", OUTSIDE, "/api/health", "/api/ready", "which nobody answers without a key"),
    Fault("a certificate that nobody looks at", OUTSIDE, "SSLCheck: true", "SSLCheck: false", "properties.ValidationRules.SSLCheck is"),
    Fault("calls leave by any address", NETWORK, "natGateway ? { id: nat.id } : null", "null", "subnets.0.properties.natGateway is None"),
    Fault("another address is given out", "main.bicep", "network!.outputs.outboundAddress", "network!.outputs.appSubnetId", "output outboundAddress is"),
    Fault("an address that lets in", IDENTITY, "output resourceId", "resource door 'Microsoft.Network/publicIPAddresses@2025-07-01' = {\n  name: 'pip-door'\n  location: location\n  sku: { name: 'Standard' }\n  properties: { publicIPAllocationMethod: 'Static' }\n}\n\noutput resourceId", "pip-door is reachable"),
    Fault("a kind of resource that nobody has judged", IDENTITY, "output resourceId", "resource rules 'Microsoft.Network/networkSecurityGroups@2025-07-01' = {\n  name: 'nsg'\n  location: location\n}\n\noutput resourceId", "nobody has said whether the internet may reach it"),
    Fault("a range that is let in everywhere", VAULT, "{ value: cidr }", "{ value: '0.0.0.0/0' }", "is open to"),
    Fault("a name that is too long", "main.bicep", "'st${workload}${suffix}'", "'storage${workload}${suffix}'", "Azure takes no such name"),
    Fault("a name with a reserved word", "main.bicep", "'rg-${stamp}'", "'windows-${stamp}'", "a reserved word"),
    Fault("a queue that nobody watches", "alerts.json", '"registrations", "control-totals"], "query"', '"registrations"], "query"', "queue watched from outside, control-totals"),
    Fault("Invoice Cloud writes the app's own queues", ACCESS, "for queue in inboundQueues: {", "for queue in union(inboundQueues, ['due']): {", "icSenderPrincipalIds gets Storage Queue Data Message Sender on queue `due`: not on the page"),
    Fault("a role assignment without its role in the name", ACCESS, "guid(account.id, groupId, storageTableDataReader)", "guid(account.id, storageTableDataReader)", "role assignments are called"),
    Fault("a role assignment without its principal in the name", "modules/tableaccess.bicep", "guid(table.id, groupId, storageTableDataContributor)", "guid(table.id, storageTableDataContributor)", "role assignments are called"),
]  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=[each.name for each in FAULTS])
def test_the_fault_is_named(compiler, tmp_path, fault):
    copy = Copy(tmp_path)
    copy.change(fault.file, fault.old, fault.new)
    findings = copy.findings(compiler, fault.file)
    assert any(fault.found in each for each in findings), findings


def test_a_copy_without_a_fault_is_sound(compiler, tmp_path):
    assert Copy(tmp_path).findings(compiler, "main.bicep") == []
