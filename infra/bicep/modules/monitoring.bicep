// Where logs go, and who is mailed.
param stamp string
param location string
param tags object
param retentionDays int
param alertEmails array
param appPrincipalId string
param readerGroupIds array

@description('Whose changes are told to the workspace, beside the events of the app.')
param changerGroupIds array

var monitoringMetricsPublisher = '3913510d-42f4-4e42-8a64-420c390055eb'
var logAnalyticsReader = '73c42c96-874c-492b-b04d-ab87d138a893'

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' = {
  name: 'log-${stamp}'
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: retentionDays
  }
}

resource component 'Microsoft.Insights/components@2020-02-02' = {
  name: 'appi-${stamp}'
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    DisableLocalAuth: true
  }
}

resource actionGroup 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-${stamp}'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'caselle'
    emailReceivers: [
      for (email, index) in alertEmails: {
        name: 'email-${index}'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

resource appPublishes 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: component
  name: guid(component.id, appPrincipalId, monitoringMetricsPublisher)
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', monitoringMetricsPublisher)
  }
}

resource peoplePublish 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for groupId in changerGroupIds: {
    scope: component
    name: guid(component.id, groupId, monitoringMetricsPublisher)
    properties: {
      principalId: groupId
      principalType: 'Group'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', monitoringMetricsPublisher)
    }
  }
]

resource peopleRead 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for groupId in readerGroupIds: {
    scope: workspace
    name: guid(workspace.id, groupId, logAnalyticsReader)
    properties: {
      principalId: groupId
      principalType: 'Group'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', logAnalyticsReader)
    }
  }
]

output workspaceId string = workspace.id
output componentName string = component.name
output actionGroupId string = actionGroup.id
