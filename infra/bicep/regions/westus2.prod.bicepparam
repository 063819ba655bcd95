using '../main.bicep'

param environmentName = 'prod'
param location = 'westus2'
param stampRegions = ['westus2']

param zoneRedundant = false
param geoRedundant = true
param httpAlwaysReady = 1

param alertEmails = ['caselle-oncall@example.com']
param runbookBaseUrl = 'https://github.com/example/caselle-invoicecloud/blob/main/docs'
param monthlyBudget = 400
param budgetStart = '2026-12-01'

// Object ids of Entra groups and of Invoice Cloud's principals. Empty: nobody of that kind has access yet.
param icSenderPrincipalIds = []
param icResultsPrincipalIds = []
param readerGroupIds = []
param operatorGroupIds = []
param configGroupIds = []
param vaultGroupIds = []

// The name that Caselle calls; it belongs to this stamp, which hands on what is meant for others.
param callbackHostName = ''
param callbackStamps = []
