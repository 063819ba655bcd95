// Tokens, client secrets and the pepper of the callback keys.
param name string
param location string
param tags object

@allowed(['default', 'recover'])
param createMode string

@description('Closed to the internet but for the allowed ranges.')
param closed bool
param allowedIpRanges array
param appPrincipalId string
param vaultGroupIds array
param workspaceId string
param auditAccountId string

var keyVaultSecretsOfficer = 'b86a8fe4-44ce-4948-aee5-eccb2c155cd7'
var stampId = resourceGroup().id

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: subscription().tenantId
    sku: { family: 'A', name: 'standard' }
    createMode: createMode
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    enablePurgeProtection: true
    publicNetworkAccess: closed && empty(allowedIpRanges) ? 'Disabled' : 'Enabled'
    networkAcls: {
      bypass: 'None'
      defaultAction: closed ? 'Deny' : 'Allow'
      ipRules: [for cidr in allowedIpRanges: { value: cidr }]
    }
  }
}

resource lock 'Microsoft.Authorization/locks@2020-05-01' = {
  scope: vault
  name: 'keep-the-vault'
  properties: {
    level: 'CanNotDelete'
    notes: 'Every city would have to issue its token and client secret again.'
  }
}

// The app stores the tokens that Caselle delivers, and no built-in role that may write a secret may not delete it, too.
resource keeper 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(stampId, 'secrets-keeper')
  properties: {
    roleName: 'Secrets keeper of ${name}'
    description: 'Reads and writes secrets; deletes, lists and backs up none.'
    type: 'CustomRole'
    permissions: [
      {
        actions: []
        notActions: []
        dataActions: [
          'Microsoft.KeyVault/vaults/secrets/getSecret/action'
          'Microsoft.KeyVault/vaults/secrets/setSecret/action'
          // A token that arrives for a name that somebody deleted is still kept.
          'Microsoft.KeyVault/vaults/secrets/recover/action'
        ]
        notDataActions: []
      }
    ]
    assignableScopes: [stampId]
  }
}

resource appKeeps 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: vault
  name: guid(vault.id, appPrincipalId, keeper.id)
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: keeper.id
  }
}

resource peopleKeep 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for groupId in vaultGroupIds: {
    scope: vault
    name: guid(vault.id, groupId, keyVaultSecretsOfficer)
    properties: {
      principalId: groupId
      principalType: 'Group'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', keyVaultSecretsOfficer)
    }
  }
]

resource auditLog 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: vault
  name: 'audit'
  properties: {
    workspaceId: workspaceId
    storageAccountId: auditAccountId
    logs: [{ categoryGroup: 'audit', enabled: true }]
  }
}

output name string = vault.name
output uri string = vault.properties.vaultUri
