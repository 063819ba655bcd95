// A stamp that is never deployed: each option is on, so that the tests see each resource that the templates can make.
using '../../infra/bicep/main.bicep'

param environmentName = 'prod'
param location = 'westus2'
param stampRegions = ['westus2', 'eastus2']

param instanceMemoryMB = 4096
param maximumInstanceCount = 100
param httpAlwaysReady = 2
param zoneRedundant = true
param geoRedundant = true

param vnetEnabled = true
param vnetAddressPrefix = '10.41.0.0/24'
param natGateway = true
param allowedIpRanges = ['203.0.113.0/24']

param alertEmails = ['oncall@example.com', 'second@example.com']
param actionGroupIds = {
  '1': [
    '/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/rg-oncall/providers/Microsoft.Insights/actionGroups/pager'
  ]
}
param runbookBaseUrl = 'https://example.com/docs'
param monthlyBudget = 400
param budgetStart = '2026-12-01'
param logRetentionDays = 180
param auditRetentionDays = 365
param lockedAuditContainers = ['insights-logs-auditevent']

// Two of each kind: role assignments whose names leave out the principal would meet.
param icSenderPrincipalIds = [
  '00000000-0000-0000-0000-0000000000a1'
  '00000000-0000-0000-0000-0000000000a3'
]
param icResultsPrincipalIds = [
  '00000000-0000-0000-0000-0000000000a2'
  '00000000-0000-0000-0000-0000000000a4'
]
param readerGroupIds = [
  '00000000-0000-0000-0000-0000000000b1'
  '00000000-0000-0000-0000-0000000000b5'
]
param operatorGroupIds = [
  '00000000-0000-0000-0000-0000000000b2'
  '00000000-0000-0000-0000-0000000000b6'
]
param configGroupIds = [
  '00000000-0000-0000-0000-0000000000b3'
  '00000000-0000-0000-0000-0000000000b7'
]
param vaultGroupIds = [
  '00000000-0000-0000-0000-0000000000b4'
  '00000000-0000-0000-0000-0000000000b8'
]
param vaultCreateMode = 'recover'

param callbackHostName = 'callback.example.com'
param callbackGroupLocation = 'eastus2'
param callbackStamps = ['eastus2=https://func-caselle-prod-east.example.com']
param caselleBaseUrl = 'https://relay.example.com'
param caselleTokenUrl = 'https://token.example.com/oauth/token'
param caselleAllowedHosts = ['relay.example.com', 'token.example.com']
// The second one is the template's to say.
param extraAppSettings = {
  LEDGER_DEADLINE_SECONDS: '50'
  AzureWebJobsDisableHomepage: 'false'
}
param consoleClientId = '00000000-0000-0000-0000-0000000000c1'
param tags = { owner: 'payments' }
