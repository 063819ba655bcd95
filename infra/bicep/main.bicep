// One stamp: everything that one region needs to post its billers' payments.
targetScope = 'subscription'

import { ActionGroupIds } from 'modules/types.bicep'

@description('Short name of the product; part of every resource name.')
@minLength(2)
@maxLength(7)
param workload string = 'caselle'

@description('Which set of stamps this one belongs to.')
@allowed(['prod', 'test'])
param environmentName string

@description('Azure region of the stamp.')
param location string

@description('Regions whose billers are at home here; another one is added only to take over its billers.')
@minLength(1)
param stampRegions array = [location]

@description('Python of the app; the package is built for this one.')
@allowed(['3.13'])
param pythonVersion string = '3.13'

@description('Memory of one instance, in MB.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('Most instances at once. 40 is the lowest that Flex Consumption is documented to take.')
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('Instances that always wait for HTTP requests, so that a callback never meets a cold start.')
@minValue(0)
@maxValue(20)
param httpAlwaysReady int = 0

@description('Spread instances and storage over the zones of the region.')
param zoneRedundant bool = false

@description('Copy storage to the paired region. The copy lags by minutes.')
param geoRedundant bool = false

@description('Reach storage and vault through private endpoints only.')
param vnetEnabled bool = false

@description('Address space of the virtual network; two subnets of 64 are cut from it.')
param vnetAddressPrefix string = '10.40.0.0/24'

@description('With vnetEnabled: calls to cities leave from one address, which is an output.')
param natGateway bool = false

@description('With vnetEnabled: public IPv4 ranges from which Invoice Cloud and admins still reach storage and vault.')
param allowedIpRanges array = []

@description('Who is mailed when an alert fires.')
@minLength(1)
param alertEmails array

@description('Action groups (resource ids) that are called too, by severity of the alert: a pager for 1, say.')
param actionGroupIds ActionGroupIds = {}

@description('Where the runbook is published; every alert links a page of it.')
param runbookBaseUrl string

@description('Budget per month in the currency of the subscription; 0 is none.')
@minValue(0)
param monthlyBudget int = 0

@description('First day of the month from which the budget counts, such as 2026-12-01. Never a computed date: it would change with every deployment.')
param budgetStart string = ''

@description('Principals of Invoice Cloud that enqueue.')
param icSenderPrincipalIds array = []

@description('Principals of Invoice Cloud that read posting-results.')
param icResultsPrincipalIds array = []

@description('Entra groups that may look at everything but secrets.')
param readerGroupIds array = []

@description('Entra groups that may retry, resolve and replay payments.')
param operatorGroupIds array = []

@description('Entra groups that may set up billers and callback keys.')
param configGroupIds array = []

@description('Entra groups that may read and write secrets.')
param vaultGroupIds array = []

@description('`recover` brings back a vault of the same name that was deleted within the last 90 days.')
@allowed(['default', 'recover'])
param vaultCreateMode string = 'default'

@description('How long logs are kept, in days.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 90

@description('How long the audit can be neither changed nor deleted, in days. 2557 days are 7 years.')
@minValue(1)
param auditRetentionDays int = 2557

@description('Containers of the audit whose policy is locked. Azure refuses to write such a policy again.')
param lockedAuditContainers array = []

@description('Host name of the callback that outlives stamps. Empty: the app answers under its own name. One stamp of an environment has it.')
param callbackHostName string = ''

@description('Region of the group that the host name lives in: the first one that had it, since a group never moves.')
param callbackGroupLocation string = location

@description('Where deliveries for billers at home elsewhere are handed on: region=https://host.')
param callbackStamps array = []

@description('Base URL of the relay of Caselle.')
param caselleBaseUrl string = 'https://ranchero1.caselleconnect.com'

@description('Token endpoint of Caselle, complete. Empty: no token is renewed.')
param caselleTokenUrl string = ''

@description('Hosts that the two URLs above may name.')
@minLength(1)
param caselleAllowedHosts array = ['ranchero1.caselleconnect.com']

@description('Further settings of the app by name, such as LEDGER_DEADLINE_SECONDS. Never a secret.')
param extraAppSettings object = {}

@description('Client id of the app registration that people sign in to the console with, whose app role `reader` lets them look. Empty: nobody can.')
param consoleClientId string = ''

@description('Tags of every resource.')
param tags object = {}

// Invoice Cloud writes the inbound queues; the app writes the internal ones to itself. The host copies what failed too
// often to the queue's poison queue, whose name it fixes.
var inboundQueues = ['payments', 'ach-rejects', 'reversals', 'autopay-changes', 'registrations', 'control-totals']
var internalQueues = ['due', 'token-renewals']
var poisonQueues = [for queue in concat(inboundQueues, internalQueues): '${queue}-poison']
var resultQueue = 'posting-results'
var tables = [
  'ledger'
  'billers'
  'callbackkeys'
  'authorizations'
  'tokens'
  'quarantine'
  'controltotals'
  'reconciliation'
  'runs'
  'audit'
]

var suffix = toLower(uniqueString(subscription().id, workload, environmentName, location))
var stamp = '${workload}-${location}-${environmentName}'
// The name that Caselle calls.
var publicHostName = empty(callbackHostName) ? app.outputs.hostName : callbackHostName
var stampTags = union(tags, { workload: workload, environment: environmentName, stamp: stamp })

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: 'rg-${stamp}'
  location: location
  tags: stampTags
}

module identity 'modules/identity.bicep' = {
  scope: group
  name: 'identity'
  params: {
    name: 'id-${stamp}'
    location: location
    tags: stampTags
  }
}

module monitoring 'modules/monitoring.bicep' = {
  scope: group
  name: 'monitoring'
  params: {
    stamp: stamp
    location: location
    tags: stampTags
    retentionDays: logRetentionDays
    alertEmails: alertEmails
    appPrincipalId: identity.outputs.principalId
    readerGroupIds: union(readerGroupIds, operatorGroupIds, configGroupIds)
    changerGroupIds: union(operatorGroupIds, configGroupIds, vaultGroupIds)
  }
}

module network 'modules/network.bicep' = if (vnetEnabled) {
  scope: group
  name: 'network'
  params: {
    stamp: stamp
    location: location
    tags: stampTags
    addressPrefix: vnetAddressPrefix
    natGateway: natGateway
    storageAccountName: storage.outputs.accountName
    vaultName: vault.outputs.name
  }
}

module audit 'modules/audit.bicep' = {
  scope: group
  name: 'audit'
  params: {
    accountName: 'staudit${suffix}'
    location: location
    tags: stampTags
    retentionDays: auditRetentionDays
    lockedContainers: lockedAuditContainers
    geoRedundant: geoRedundant
    zoneRedundant: zoneRedundant
    closed: vnetEnabled
    allowedIpRanges: allowedIpRanges
    writerGroupIds: union(operatorGroupIds, configGroupIds, vaultGroupIds)
    readerGroupIds: readerGroupIds
  }
}

module storage 'modules/storage.bicep' = {
  scope: group
  name: 'storage'
  params: {
    accountName: 'st${workload}${suffix}'
    location: location
    tags: stampTags
    zoneRedundant: zoneRedundant
    geoRedundant: geoRedundant
    closed: vnetEnabled
    allowedIpRanges: allowedIpRanges
    queues: concat(inboundQueues, internalQueues, poisonQueues, [resultQueue])
    tables: tables
    appPrincipalId: identity.outputs.principalId
    workspaceId: monitoring.outputs.workspaceId
    auditAccountId: audit.outputs.accountId
  }
}

module storageAccess 'modules/storageaccess.bicep' = {
  scope: group
  name: 'storage-access'
  params: {
    accountName: storage.outputs.accountName
    inboundQueues: inboundQueues
    resultQueue: resultQueue
    icSenderPrincipalIds: icSenderPrincipalIds
    icResultsPrincipalIds: icResultsPrincipalIds
    readerGroupIds: readerGroupIds
    operatorGroupIds: operatorGroupIds
    configGroupIds: configGroupIds
    vaultGroupIds: vaultGroupIds
  }
}

module vault 'modules/keyvault.bicep' = {
  scope: group
  name: 'keyvault'
  params: {
    name: 'kv-${workload}-${suffix}'
    location: location
    tags: stampTags
    createMode: vaultCreateMode
    closed: vnetEnabled
    allowedIpRanges: allowedIpRanges
    appPrincipalId: identity.outputs.principalId
    vaultGroupIds: vaultGroupIds
    workspaceId: monitoring.outputs.workspaceId
    auditAccountId: audit.outputs.accountId
  }
}

module app 'modules/functionapp.bicep' = {
  scope: group
  name: 'functionapp'
  params: {
    name: 'func-${workload}-${environmentName}-${suffix}'
    planName: 'plan-${stamp}'
    location: location
    tags: stampTags
    pythonVersion: pythonVersion
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    httpAlwaysReady: httpAlwaysReady
    zoneRedundant: zoneRedundant
    identityId: identity.outputs.resourceId
    identityClientId: identity.outputs.clientId
    packageContainerUrl: storage.outputs.packageContainerUrl
    blobUri: storage.outputs.blobUri
    queueUri: storage.outputs.queueUri
    tableUri: storage.outputs.tableUri
    vaultUri: vault.outputs.uri
    componentName: monitoring.outputs.componentName
    workspaceId: monitoring.outputs.workspaceId
    subnetId: vnetEnabled ? network!.outputs.appSubnetId : ''
    stampRegions: stampRegions
    caselleBaseUrl: caselleBaseUrl
    caselleTokenUrl: caselleTokenUrl
    caselleAllowedHosts: caselleAllowedHosts
    callbackStamps: callbackStamps
    extraAppSettings: extraAppSettings
    consoleEnabled: !empty(consoleClientId)
  }
}

module consoleAuth 'modules/consoleauth.bicep' = if (!empty(consoleClientId)) {
  scope: group
  name: 'console-auth'
  params: {
    appName: app.outputs.name
    consoleClientId: consoleClientId
  }
}

module alerts 'modules/alerts.bicep' = {
  scope: group
  name: 'alerts'
  params: {
    stamp: stamp
    location: location
    tags: stampTags
    workspaceId: monitoring.outputs.workspaceId
    actionGroupId: monitoring.outputs.actionGroupId
    actionGroupIds: actionGroupIds
    runbookBaseUrl: runbookBaseUrl
  }
}

module availability 'modules/availability.bicep' = {
  scope: group
  name: 'availability'
  params: {
    stamp: stamp
    location: location
    tags: stampTags
    componentName: monitoring.outputs.componentName
    hostName: publicHostName
  }
}

module workbook 'modules/workbook.bicep' = {
  scope: group
  name: 'workbook'
  params: {
    stamp: stamp
    location: location
    tags: stampTags
    workspaceId: monitoring.outputs.workspaceId
  }
}

module budget 'modules/budget.bicep' = if (monthlyBudget > 0) {
  scope: group
  name: 'budget'
  params: {
    stamp: stamp
    amount: monthlyBudget
    startDate: budgetStart
    alertEmails: alertEmails
  }
}

// In a group of its own, so that it outlives the stamp: a stamp that is rebuilt or moved only becomes another origin.
resource callbackGroup 'Microsoft.Resources/resourceGroups@2025-04-01' = if (!empty(callbackHostName)) {
  name: 'rg-${workload}-callback-${environmentName}'
  location: callbackGroupLocation
  tags: union(tags, { workload: workload, environment: environmentName })
}

module callbackHost 'modules/callbackhost.bicep' = if (!empty(callbackHostName)) {
  scope: callbackGroup
  name: 'callback-host'
  params: {
    name: '${workload}-callback-${environmentName}'
    hostName: callbackHostName
    originHostName: app.outputs.hostName
    tags: union(tags, { workload: workload, environment: environmentName })
  }
}

output resourceGroupName string = group.name
output functionAppName string = app.outputs.name
output functionAppHostName string = app.outputs.hostName
output callbackBaseUrl string = 'https://${publicHostName}'
output keyVaultName string = vault.outputs.name
output keyVaultUri string = vault.outputs.uri
output storageAccountName string = storage.outputs.accountName
output auditAccountName string = audit.outputs.accountName
output tableUri string = storage.outputs.tableUri
output workspaceId string = monitoring.outputs.workspaceId
output outboundAddress string = vnetEnabled ? network!.outputs.outboundAddress : ''
