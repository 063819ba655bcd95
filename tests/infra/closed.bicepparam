// A stamp that is never deployed: storage and vault are closed to everybody, and whatever can be left out is.
using '../../infra/bicep/main.bicep'

param environmentName = 'test'
param location = 'eastus2'
param vnetEnabled = true
param alertEmails = ['oncall@example.com']
param runbookBaseUrl = 'https://example.com/docs'
