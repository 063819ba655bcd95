using '../main.bicep'

param environmentName = 'test'
param location = 'eastus2'
param stampRegions = ['eastus2', 'westus2']

param alertEmails = ['caselle-test@example.com']
param runbookBaseUrl = 'https://github.com/example/caselle-invoicecloud/blob/main/docs'
param monthlyBudget = 50
param budgetStart = '2026-12-01'
param logRetentionDays = 30
param auditRetentionDays = 7
