// Writing one table, for groups of people.
param accountName string
param tableName string
param groupIds array

var storageTableDataContributor = '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: accountName
}

resource service 'Microsoft.Storage/storageAccounts/tableServices@2025-06-01' existing = {
  parent: account
  name: 'default'
}

resource table 'Microsoft.Storage/storageAccounts/tableServices/tables@2025-06-01' existing = {
  parent: service
  name: tableName
}

resource grant 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for groupId in groupIds: {
    scope: table
    name: guid(table.id, groupId, storageTableDataContributor)
    properties: {
      principalId: groupId
      principalType: 'Group'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', storageTableDataContributor)
    }
  }
]
