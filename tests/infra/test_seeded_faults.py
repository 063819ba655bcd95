"""Faults written into a copy of the templates: the gate must name each, or it is listed as one for the compiler alone."""

import shutil
from typing import NamedTuple

import pytest

from tests.infra.gate import TEMPLATES, findings


class Fault(NamedTuple):
    name: str
    file: str
    old: str
    new: str
    found: str
    """Part of the sentence that names it."""


STORAGE, VAULT, APP = "modules/storage.bicep", "modules/keyvault.bicep", "modules/functionapp.bicep"
ACCESS, AUDIT, MONITORING = "modules/storageaccess.bicep", "modules/audit.bicep", "modules/monitoring.bicep"
ALERTS, NETWORK, CALLBACK = "modules/alerts.bicep", "modules/network.bicep", "modules/callbackhost.bicep"
PROD = "regions/westus2.prod.bicepparam"

CAUGHT = [
    # Syntax and names.
    Fault("a brace is missing", VAULT, "  name: name\n  location: location\n", "  name: {\n  location: location\n", "cannot be read"),
    Fault("no comma on one line", VAULT, "family: 'A', name", "family: 'A' name", "a comma is missing"),
    Fault("a property twice", VAULT, "enableSoftDelete: true", "enableSoftDelete: true\n    enableSoftDelete: true", "property twice"),
    Fault("a mistyped variable", STORAGE, "for name in queues", "for name in queue_names", "nothing is called queue_names"),
    Fault("a mistyped function", "main.bicep", "uniqueString(", "uniqueStrings(", "nothing is called uniqueStrings"),
    Fault("a parameter that nobody uses", "main.bicep", "param tags object = {}", "param tags object = {}\nparam colour string = ''", "nobody uses the param colour"),
    Fault("a parameter declared twice", VAULT, "param tags object", "param tags object\nparam tags object", "declared twice"),
    # Between files.
    Fault("a module that does not exist", "main.bicep", "modules/identity.bicep", "modules/identities.bicep", "there is no file"),
    Fault("a module's parameter is missing", "main.bicep", "    createMode: vaultCreateMode\n", "", "parameter createMode is missing"),
    Fault("a module has no such parameter", "main.bicep", "    createMode: vaultCreateMode\n", "    createMode: vaultCreateMode\n    mode: 'x'\n", "no parameter mode"),
    Fault("a module has no such output", "main.bicep", "identity.outputs.clientId", "identity.outputs.clientID", "no output clientID"),
    Fault("another type than the parameter's", "main.bicep", "    closed: vnetEnabled\n    allowedIpRanges: allowedIpRanges\n    appPrincipalId", "    closed: 'no'\n    allowedIpRanges: allowedIpRanges\n    appPrincipalId", "parameter closed is bool, not string"),
    Fault("another type, by a parameter", "main.bicep", "alertEmails: alertEmails\n    appPrincipalId", "alertEmails: location\n    appPrincipalId", "parameter alertEmails is array, not string"),
    Fault("one output for another", "main.bicep", "queueUri: storage.outputs.queueUri", "queueUri: storage.outputs.tableUri", "queueUri is storage.outputs.tableUri"),
    Fault("one output for another, by the module's name", "main.bicep", "vaultName: vault.outputs.name", "vaultName: app.outputs.name", "vaultName is app.outputs.name"),
    Fault("a module without its scope", "main.bicep", "module workbook 'modules/workbook.bicep' = {\n  scope: group\n", "module workbook 'modules/workbook.bicep' = {\n", "needs a scope"),
    Fault("modules that wait for each other", "main.bicep", "    appPrincipalId: identity.outputs.principalId\n    workspaceId: monitoring.outputs.workspaceId\n    auditAccountId", "    appPrincipalId: app.outputs.name\n    workspaceId: monitoring.outputs.workspaceId\n    auditAccountId", "wait for each other"),
    Fault("a region without a parameter", PROD, "param location = 'westus2'\n", "", "parameter location is missing"),
    Fault("a region with an unknown parameter", PROD, "param location = 'westus2'\n", "param location = 'westus2'\nparam colour = 'red'\n", "no parameter colour"),
    Fault("a value that is not allowed", PROD, "= 'prod'", "= 'production'", "may not be 'production'"),
    Fault("a number out of range", PROD, "param httpAlwaysReady = 1", "param httpAlwaysReady = 99", "out of range"),
    Fault("nobody is mailed", PROD, "['caselle-oncall@example.com']", "[]", "too short or too long"),
    Fault("a region file for another region", PROD, "param location = 'westus2'", "param location = 'eastus'", "describes eastus.prod"),
    # Properties of Azure's types.
    Fault("a property that does not exist", STORAGE, "allowSharedKeyAccess: false", "allowSharedKeysAccess: false", "no property properties.allowSharedKeysAccess"),
    Fault("a nested property that does not exist", APP, "instanceMemoryMB: instanceMemoryMB", "instanceMemoryMb: instanceMemoryMB", "no property properties.functionAppConfig.scaleAndConcurrency.instanceMemoryMb"),
    Fault("a property read that does not exist", "modules/identity.bicep", "identity.properties.clientId", "identity.properties.clientID", "has no properties.clientID"),
    Fault("a version that nobody checked", VAULT, "vaults@2025-05-01", "vaults@2019-09-01", "not among the types"),
    # What this product demands.
    Fault("shared keys", STORAGE, "allowSharedKeyAccess: false", "allowSharedKeyAccess: true", "allowSharedKeyAccess is True"),
    Fault("old TLS", AUDIT, "'TLS1_2'", "'TLS1_0'", "minimumTlsVersion"),
    Fault("no purge protection", VAULT, "    enablePurgeProtection: true\n", "", "enablePurgeProtection is None"),
    Fault("access policies instead of roles", VAULT, "enableRbacAuthorization: true", "enableRbacAuthorization: false", "enableRbacAuthorization"),
    Fault("the vault may be deleted", VAULT, "Microsoft.Authorization/locks@2020-05-01", "Microsoft.Authorization/roleAssignments@2022-04-01", "nothing keeps it from being deleted"),
    Fault("plain http", APP, "httpsOnly: true", "httpsOnly: false", "httpsOnly is False"),
    Fault("publishing by password", APP, "name: 'scm'\n  properties: { allow: false }", "name: 'scm'\n  properties: { allow: true }", "properties.allow is True"),
    Fault("telemetry by key", MONITORING, "DisableLocalAuth: true", "DisableLocalAuth: false", "DisableLocalAuth"),
    Fault("a connection string of storage", APP, "AzureWebJobsDisableHomepage: 'true'", "AzureWebJobsStorage: 'DefaultEndpointsProtocol=https'", "DefaultEndpointsProtocol is never used"),
    Fault("keys read by a function", STORAGE, "output accountName string = account.name", "output accountName string = listKeys(account.id, '2025-06-01').keys[0].value", "nothing is called listKeys"),
    Fault("a secret given away", MONITORING, "output workspaceId string = workspace.id", "output workspaceId string = workspace.id\noutput primary string = component.properties.ConnectionString", "gives a secret away"),
    Fault("a secret as a parameter", "main.bicep", "param tags object = {}", "param tags object = {}\n@secure()\nparam clientSecret string = ''\nvar x = clientSecret\noutput y string = x", "looks like a secret"),
    Fault("the app owns more than it needs", VAULT, "b86a8fe4-44ce-4948-aee5-eccb2c155cd7", "00482a5a-887f-4fb3-b363-3b7fe8e74483", "unknown role"),
    Fault("the app may delete secrets", VAULT, "secrets/recover/action'", "secrets/delete'", "permissions is"),
    Fault("readers are given the secrets", "main.bicep", "    vaultGroupIds: vaultGroupIds\n    workspaceId", "    vaultGroupIds: readerGroupIds\n    workspaceId", "readerGroupIds gets Key Vault Secrets Officer on the vault: not on the page"),
    Fault("operators set up billers", ACCESS, "groupIds: configGroupIds", "groupIds: operatorGroupIds", "operatorGroupIds gets Storage Table Data Contributor on table `billers`: not on the page"),
    Fault("the page promises less", "README.md", "`ledger`, `quarantine`", "`ledger`", "table `quarantine`: not on the page"),
    Fault("Invoice Cloud may read what it enqueues", ACCESS, "roleId: storageQueueDataMessageSender", "roleId: storageQueueDataReader", "module enqueue grants"),
    Fault("everybody who enqueues takes results", ACCESS, "principalIds: icResultsPrincipalIds", "principalIds: icSenderPrincipalIds", "module takeResults grants"),
    Fault("a role on the whole group", STORAGE, "    scope: account\n    name: guid(account.id, appPrincipalId", "    name: guid(account.id, appPrincipalId", "holds for the whole resource group"),
    Fault("a role's name without its principal", STORAGE, "guid(account.id, appPrincipalId, roleId)", "guid(account.id, roleId)", "not made of scope, principal and role"),
    Fault("access logs with query strings", APP, "category: 'FunctionAppLogs'", "category: 'AppServiceHTTPLogs'", "the site logs ['AppServiceHTTPLogs']"),
    Fault("an audit that can be changed", AUDIT, "for (name, index) in containers: {\n    parent: container[index]", "for (name, index) in ['insights-logs-auditevent']: {\n    parent: container[index]", "a container can be changed"),
    Fault("a region may open loopback", PROD, "param callbackStamps = []", "param callbackStamps = []\nparam extraAppSettings = { CASELLE_ALLOW_LOOPBACK: '1' }", "CASELLE_ALLOW_LOOPBACK is never used"),
    Fault("admins overrule settings", APP, "union(extraAppSettings, hostSettings, ownSettings, tokenSettings, callbackSettings, consoleSettings)", "union(hostSettings, ownSettings, tokenSettings, callbackSettings, consoleSettings, extraAppSettings)", "may overrule"),
    Fault("a cloud's address written out", APP, "KEY_VAULT_URL: vaultUri", "KEY_VAULT_URL: 'https://kv.vault.azure.net'", "vault.azure.net is written out"),
    # What must hold for the stamp to work, and to stay closed.
    Fault("the app is closed to Caselle", APP, "publicNetworkAccess: 'Enabled'", "publicNetworkAccess: 'Disabled'", "publicNetworkAccess is 'Disabled'"),
    Fault("the callback host dies with the stamp", "main.bicep", "scope: callbackGroup", "scope: group", "callbackHost: scope is 'group'"),
    Fault("the callback's key stays in the logs", CALLBACK, "selectorMatchOperator: 'EqualsAny', state: 'Enabled'", "selectorMatchOperator: 'EqualsAny', state: 'Disabled'", "scrubbingRules is"),
    Fault("the app is called by the public name", CALLBACK, "originHostHeader: originHostName", "originHostHeader: hostName", "originHostHeader is 'hostName'"),
    Fault("the firewall of storage inverted", STORAGE, "closed ? 'Deny' : 'Allow'", "closed ? 'Allow' : 'Deny'", "account: properties.networkAcls.defaultAction"),
    Fault("the firewall of the vault inverted", VAULT, "closed ? 'Deny' : 'Allow'", "closed ? 'Allow' : 'Deny'", "vault: properties.networkAcls.defaultAction"),
    Fault("the vault is never closed", "main.bicep", "    createMode: vaultCreateMode\n    closed: vnetEnabled", "    createMode: vaultCreateMode\n    closed: false", "vault: params.closed is False"),
    Fault("the vault's audit is gone", VAULT, "categoryGroup: 'audit'", "categoryGroup: 'metrics'", "the vault logs ['metrics']"),
    Fault("the lock is not on the vault", VAULT, "locks@2020-05-01' = {\n  scope: vault", "locks@2020-05-01' = {\n  scope: resourceGroup()", "nothing keeps it from being deleted"),
    Fault("telemetry without the identity", APP, ";Authorization=AAD", "", "APPLICATIONINSIGHTS_AUTHENTICATION_STRING is"),
    Fault("a credential that the host does not know", APP, "'managedidentity'", "'default'", "AzureWebJobsStorage__credential is 'default'"),
    Fault("the queues' address is the tables'", APP, "queueServiceUri: queueUri", "queueServiceUri: tableUri", "AzureWebJobsStorage__queueServiceUri is 'tableUri'"),
    Fault("ready instances of no group", APP, "name: 'http', instanceCount", "name: 'https', instanceCount", "alwaysReady is"),
    Fault("the package in no container", APP, "value: packageContainerUrl", "value: blobUri", "nobody uses the param packageContainerUrl"),
    Fault("the app's subnet is of another service", NETWORK, "Microsoft.App/environments", "Microsoft.Web/serverFarms", "serviceName is 'Microsoft.Web/serverFarms'"),
    Fault("a private endpoint that no name leads to", NETWORK, "privatelink.queue.", "privatelink.table.", "endpoint queue: its DNS zone is"),
    Fault("alerts reach nobody", ALERTS, "actionGroups: [actionGroupId]", "actionGroups: []", "nobody uses the param actionGroupId"),
    Fault("alerts when the sweeper runs", ALERTS, "'missing' ? 'LessThan' : 'GreaterThan'", "'missing' ? 'GreaterThan' : 'LessThan'", "allOf.0.operator is"),
    Fault("alerts see one minute of five", ALERTS, "ago(6m)", "ago(1m)", "between two runs is not seen"),
    Fault("a budget from the middle of a month", PROD, "'2026-12-01'", "'2026-12-15'", "its budget begins on no first of a month"),
    Fault("a budget that never begins", PROD, "param budgetStart = '2026-12-01'\n", "", "its budget begins on no first of a month"),
    Fault("payments in one region only", PROD, "geoRedundant = true", "geoRedundant = false", "the ledger is not copied"),
    # What the code says, too.
    Fault("the queue of the results is never made", "main.bicep", "poisonQueues, [resultQueue])", "poisonQueues)", "queue posting-results: missing"),
    Fault("a queue whose poison queue is never made", "main.bicep", "[for queue in concat(inboundQueues, internalQueues):", "[for queue in inboundQueues:", "queue due-poison: missing"),
    Fault("a queue is missing", "main.bicep", "'payments', 'ach-rejects'", "'ach-rejects'", "queue payments: missing"),
    Fault("a poison queue by another name", "main.bicep", "'${queue}-poison'", "'${queue}-failed'", "poison queues"),
    Fault("a table is missing", "main.bicep", "'ledger'\n  'billers'", "'billers'", "table ledger: missing"),
    Fault("a setting is missing", APP, "  STAMP_REGIONS: join(stampRegions, ',')\n", "", "setting STAMP_REGIONS: missing"),
    Fault("the host's client id is missing", APP, "  AzureWebJobsStorage__clientId: identityClientId\n", "", "AzureWebJobsStorage__clientId: missing"),
    Fault("a setting that nobody reads", APP, "AZURE_CLIENT_ID: identityClientId", "AZURE_CLIENT_ID: identityClientId\n  CASELLE_BASEURL: 'x'", "CASELLE_BASEURL: in the templates only"),
    Fault("another Python", "main.bicep", "pythonVersion string = '3.13'", "pythonVersion string = '3.12'", "may not be '3.12'"),
    Fault("an alert on an event that is gone", "alerts.json", '"relay.down"', '"relay.gone"', "nothing emits it"),
    Fault("an event without an alert", "alerts.json", '"payment.overdue", ', "", "event payment.overdue: no alert"),
    Fault("an alert that does not say for whom", "alerts.json", "One city: payments wait", "Payments wait", "does not tell one city from everyone"),
    Fault("a runbook page that is gone", "alerts.json", '"runbook": "', '"runbook": "gone-', "there is no page"),
    Fault("the workbook asks for an event that is gone", "workbook.json", "payment.posted", "payment.paid", "nothing emits payment.paid"),
    Fault("the callback host leads elsewhere", CALLBACK, "'/api/ICOAuthTokenProcessor'", "'/api/oauth'", "path of the callback host"),
]  # fmt: skip

COMPILER_ALONE = [
    Fault("arithmetic on text", STORAGE, "name: 'Standard_${replication}'", "name: 'Standard_' + replication", ""),
    Fault("a function with too few arguments", "modules/network.bicep", "cidrSubnet(addressPrefix, 26, 1)", "cidrSubnet(addressPrefix)", ""),
    Fault("a value that the type does not list", STORAGE, "accessTier: 'Hot'", "accessTier: 'Warm'", ""),
    Fault("a required property is missing", MONITORING, "    groupShortName: 'caselle'\n", "", ""),
]  # fmt: skip
"""What only Bicep itself, or Azure, says no to: expressions, lists of values, required properties."""


def _seeded(folder, fault):
    shutil.copytree(TEMPLATES, folder)
    path = folder / fault.file
    sound = path.read_text(encoding="utf-8")
    assert fault.old in sound
    path.write_text(sound.replace(fault.old, fault.new), encoding="utf-8")
    return findings(folder)


@pytest.mark.parametrize("fault", CAUGHT, ids=[each.name for each in CAUGHT])
def test_the_gate_names_the_fault(tmp_path, fault):
    found = _seeded(tmp_path / "bicep", fault)
    assert any(fault.found in each for each in found), found


@pytest.mark.parametrize("fault", COMPILER_ALONE, ids=[each.name for each in COMPILER_ALONE])
def test_this_fault_takes_a_compiler(tmp_path, fault):
    """Should the gate learn to see it, it moves to the list above."""
    assert _seeded(tmp_path / "bicep", fault) == findings(TEMPLATES)
