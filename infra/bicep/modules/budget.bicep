// Mails when the month grows dearer than planned.
param stamp string
param amount int
param startDate string
param alertEmails array

resource budget 'Microsoft.Consumption/budgets@2026-06-01' = {
  name: 'budget-${stamp}'
  properties: {
    category: 'Cost'
    amount: amount
    timeGrain: 'Monthly'
    timePeriod: { startDate: startDate }
    notifications: {
      nearly: {
        enabled: true
        operator: 'GreaterThan'
        threshold: 80
        thresholdType: 'Actual'
        contactEmails: alertEmails
      }
      expected: {
        enabled: true
        operator: 'GreaterThan'
        threshold: 110
        thresholdType: 'Forecasted'
        contactEmails: alertEmails
      }
    }
  }
}
