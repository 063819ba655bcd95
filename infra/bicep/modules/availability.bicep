// Whether the app is reached from outside by the name that Caselle calls, and for how long its certificate holds: where name
// or certificate is gone, the app itself has nothing to tell.
param stamp string
param location string
param tags object
param componentName string
param hostName string

// Central, east, west, south central and north central US, by the names that availability tests have for them.
var places = ['us-fl-mia-edge', 'us-va-ash-azr', 'us-ca-sjc-azr', 'us-tx-sn1-azr', 'us-il-ch1-azr']

// A certificate that ends sooner fails the test; Azure renews its own earlier than this.
var certificateDays = 14

resource component 'Microsoft.Insights/components@2020-02-02' existing = {
  name: componentName
}

resource test 'Microsoft.Insights/webtests@2022-06-15' = {
  name: 'health-${stamp}'
  location: location
  // Without this tag the results belong to no Application Insights.
  tags: union(tags, { 'hidden-link:${component.id}': 'Resource' })
  kind: 'standard'
  properties: {
    SyntheticMonitorId: 'health-${stamp}'
    Name: 'health-${stamp}'
    Kind: 'standard'
    Enabled: true
    Frequency: 600
    Timeout: 60
    RetryEnabled: true
    Locations: [for place in places: { Id: place }]
    Request: {
      // Not HEAD, which the host answers with 404.
      HttpVerb: 'GET'
      RequestUrl: 'https://${hostName}/api/health'
      FollowRedirects: false
      ParseDependentRequests: false
    }
    ValidationRules: {
      ExpectedHttpStatusCode: 200
      SSLCheck: true
      SSLCertRemainingLifetimeCheck: certificateDays
    }
  }
}
