// The app: its plan, and every setting that it reads. A deployment replaces all settings, so none is set by hand.
param name string
param planName string
param location string
param tags object
param pythonVersion string
param instanceMemoryMB int
param maximumInstanceCount int
param httpAlwaysReady int
param zoneRedundant bool
param identityId string
param identityClientId string
param packageContainerUrl string
param blobUri string
param queueUri string
param tableUri string
param vaultUri string
param componentName string
param workspaceId string

@description('Subnet of the app; empty for none.')
param subnetId string
param stampRegions array
param caselleBaseUrl string
param caselleTokenUrl string
param caselleAllowedHosts array
param callbackStamps array
param extraAppSettings object

@description('Whether people sign in to the console here.')
param consoleEnabled bool

// The host needs all of address, credential and client id; with less it deploys and does not start.
var hostSettings = {
  AzureWebJobsStorage__blobServiceUri: blobUri
  AzureWebJobsStorage__queueServiceUri: queueUri
  AzureWebJobsStorage__tableServiceUri: tableUri
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  AzureWebJobsDisableHomepage: 'true'
  // Says where telemetry goes; with local authentication off, sending takes the identity.
  APPLICATIONINSIGHTS_CONNECTION_STRING: component.properties.ConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
}
var ownSettings = {
  AZURE_CLIENT_ID: identityClientId
  KEY_VAULT_URL: vaultUri
  STAMP_REGIONS: join(stampRegions, ',')
  CASELLE_BASE_URL: caselleBaseUrl
  CASELLE_ALLOWED_HOSTS: join(caselleAllowedHosts, ',')
}
var tokenSettings = empty(caselleTokenUrl) ? {} : { CASELLE_TOKEN_URL: caselleTokenUrl }
var callbackSettings = empty(callbackStamps) ? {} : { CALLBACK_STAMPS: join(callbackStamps, ',') }
var consoleSettings = consoleEnabled ? { CONSOLE_SIGN_IN: 'app-service' } : {}
var settings = union(extraAppSettings, hostSettings, ownSettings, tokenSettings, callbackSettings, consoleSettings)

resource component 'Microsoft.Insights/components@2020-02-02' existing = {
  name: componentName
}

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: {
    reserved: true
    zoneRedundant: zoneRedundant
  }
}

resource site 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  tags: tags
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    publicNetworkAccess: 'Enabled'
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    functionAppConfig: {
      runtime: { name: 'python', version: pythonVersion }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packageContainerUrl
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: httpAlwaysReady > 0 ? [{ name: 'http', instanceCount: httpAlwaysReady }] : []
      }
    }
    siteConfig: {
      ftpsState: 'Disabled'
      http20Enabled: true
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
    }
  }
}

resource siteSettings 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: site
  name: 'appsettings'
  properties: settings
}

resource noFtpPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: site
  name: 'ftp'
  properties: { allow: false }
}

resource noScmPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: site
  name: 'scm'
  properties: { allow: false }
}

// No other category: the access logs keep query strings, and the callback's key is one.
resource siteLog 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: site
  name: 'function-log'
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'FunctionAppLogs', enabled: true }]
  }
}

output name string = site.name
output hostName string = site.properties.defaultHostName
