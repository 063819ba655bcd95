// Who besides the app reaches queues and tables: Invoice Cloud its queues, people what their role needs.
param accountName string
param inboundQueues array
param resultQueue string
param icSenderPrincipalIds array
param icResultsPrincipalIds array
param readerGroupIds array
param operatorGroupIds array
param configGroupIds array
param vaultGroupIds array

var storageQueueDataMessageSender = 'c6a89b2d-59bc-44d0-9896-0f6e12d7b80a'
var storageQueueDataMessageProcessor = '8a0f0c08-91a1-4084-bc3d-661d67233fed'
var storageTableDataReader = '76199698-9eea-4c19-bc75-cec21354c6b6'

// Operators change payments; who sets up billers changes these, and neither the other's.
var operatorTables = ['ledger', 'quarantine']
var configTables = ['billers', 'callbackkeys', 'authorizations', 'tokens']
var everybody = union(readerGroupIds, operatorGroupIds, configGroupIds, vaultGroupIds)

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: accountName
}

module enqueue 'queueaccess.bicep' = [
  for queue in inboundQueues: {
    name: 'enqueue-${queue}'
    params: {
      accountName: accountName
      queueName: queue
      roleId: storageQueueDataMessageSender
      principalIds: icSenderPrincipalIds
    }
  }
]

module takeResults 'queueaccess.bicep' = {
  name: 'take-results'
  params: {
    accountName: accountName
    queueName: resultQueue
    roleId: storageQueueDataMessageProcessor
    principalIds: icResultsPrincipalIds
  }
}

module operate 'tableaccess.bicep' = [
  for table in operatorTables: {
    name: 'operate-${table}'
    params: {
      accountName: accountName
      tableName: table
      groupIds: operatorGroupIds
    }
  }
]

module configure 'tableaccess.bicep' = [
  for table in configTables: {
    name: 'configure-${table}'
    params: {
      accountName: accountName
      tableName: table
      groupIds: configGroupIds
    }
  }
]

// Every change is recorded, whoever makes it.
module record 'tableaccess.bicep' = {
  name: 'record-changes'
  params: {
    accountName: accountName
    tableName: 'audit'
    groupIds: union(operatorGroupIds, configGroupIds, vaultGroupIds)
  }
}

resource readTables 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for groupId in everybody: {
    scope: account
    name: guid(account.id, groupId, storageTableDataReader)
    properties: {
      principalId: groupId
      principalType: 'Group'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', storageTableDataReader)
    }
  }
]
