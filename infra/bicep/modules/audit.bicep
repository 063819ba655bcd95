// What happened, kept where nobody can change it: the app has no rights here, people may only add.
param accountName string
param location string
param tags object
param retentionDays int

@description('Containers whose policy is locked: it can only be extended, and not by a deployment.')
param lockedContainers array
param geoRedundant bool
param zoneRedundant bool

@description('Closed to the internet but for the allowed ranges; Azure Monitor still archives here.')
param closed bool
param allowedIpRanges array
param writerGroupIds array
param readerGroupIds array

var storageBlobDataContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
var storageBlobDataReader = '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1'
var replication = geoRedundant ? (zoneRedundant ? 'GZRS' : 'GRS') : (zoneRedundant ? 'ZRS' : 'LRS')

// `audit` takes a copy of each row of the table of that name. Azure Monitor archives the logs of vault and storage in
// containers whose names it fixes; made here first, they are immutable too.
var containers = [
  'audit'
  'insights-logs-auditevent'
  'insights-logs-storagewrite'
  'insights-logs-storagedelete'
]

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: accountName
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: 'Standard_${replication}' }
  properties: {
    accessTier: 'Cool'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: closed ? 'Deny' : 'Allow'
      ipRules: [for cidr in allowedIpRanges: { value: cidr, action: 'Allow' }]
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' = {
  parent: account
  name: 'default'
}

resource container 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = [
  for name in containers: {
    parent: blobs
    name: name
    properties: { publicAccess: 'None' }
  }
]

resource policy 'Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies@2025-06-01' = [
  for (name, index) in containers: if (!contains(lockedContainers, name)) {
    parent: container[index]
    name: 'default'
    properties: {
      immutabilityPeriodSinceCreationInDays: retentionDays
      allowProtectedAppendWrites: true
    }
  }
]

resource peopleAdd 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for groupId in writerGroupIds: {
    scope: container[0]
    name: guid(container[0].id, groupId, storageBlobDataContributor)
    properties: {
      principalId: groupId
      principalType: 'Group'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', storageBlobDataContributor)
    }
  }
]

resource peopleRead 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for groupId in readerGroupIds: {
    scope: account
    name: guid(account.id, groupId, storageBlobDataReader)
    properties: {
      principalId: groupId
      principalType: 'Group'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', storageBlobDataReader)
    }
  }
]

output accountId string = account.id
output accountName string = account.name
