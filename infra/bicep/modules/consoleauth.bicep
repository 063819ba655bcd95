// People sign in before the console; the callback and the API are let through as they are, with the keys they ask for.
param appName string

@description('Of the app registration. It needs no secret: the browser brings an ID token.')
param consoleClientId string

resource site 'Microsoft.Web/sites@2025-03-01' existing = {
  name: appName
}

resource signIn 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: site
  name: 'authsettingsV2'
  properties: {
    platform: { enabled: true }
    // Whoever is not signed in reaches the app, which shows them the way to sign in, and nothing else.
    globalValidation: {
      requireAuthentication: false
      unauthenticatedClientAction: 'AllowAnonymous'
    }
    httpSettings: { requireHttps: true }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          clientId: consoleClientId
          openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
        }
        validation: { allowedAudiences: [consoleClientId, 'api://${consoleClientId}'] }
      }
    }
    login: {
      // App Service keeps no token of theirs: the header says who they are.
      tokenStore: { enabled: false }
      preserveUrlFragmentsForLogins: false
    }
  }
}
