// Log alerts on the events of the app, and on what can be seen from outside it. `alerts.json` lists them.
param stamp string
param location string
param tags object
param workspaceId string
param actionGroupId string
param runbookBaseUrl string

var alerts = loadJsonContent('../alerts.json')

// One line of JSON per event. Each run looks at what arrived since the one before, with a minute to spare: an event that
// was ingested late is told late, never missed.
var seen = '''
AppTraces
| where ingestion_time() > ago(6m)
| extend e = parse_json(Message)
| extend event = tostring(e.event), biller = tostring(e.biller), reason = tostring(e.reason)
| where event in ({0})
| project TimeGenerated, event, biller, reason, Message
'''

var missing = '''
AppTraces
| where tostring(parse_json(Message).event) in ({0})
'''

// Messages of a queue that came, and that nobody has deleted since.
var untaken = '''
StorageQueueLogs
| where StatusText == "Success"
| extend queue = tostring(split(parse_url(Uri).Path, "/")[1])
| where queue in ({0})
| summarize
    put = countif(OperationName == "PutMessage" and TimeGenerated < ago({1}m)),
    taken = countif(OperationName == "DeleteMessage") by queue
| where put > 0 and taken == 0
'''

var queryOf = {
  seen: seen
  missing: missing
  untaken: untaken
  query: ''
}
var named = [for alert in alerts: '"${join(alert.subjects, '", "')}"']
var queries = [
  for (alert, index) in alerts: empty(alert.query) ? format(queryOf[alert.kind], named[index], alert.graceMinutes) : alert.query
]

resource rule 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for (alert, index) in alerts: {
    name: '${alert.name}-${stamp}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: '${alert.title} (${stamp})'
      description: '${alert.meaning} ${runbookBaseUrl}/${alert.runbook}'
      enabled: true
      severity: alert.severity
      scopes: [workspaceId]
      evaluationFrequency: 'PT${alert.everyMinutes}M'
      windowSize: 'PT${alert.windowMinutes}M'
      autoMitigate: false
      // In a new workspace most tables do not exist before the first line is written.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: queries[index]
            timeAggregation: 'Count'
            operator: alert.kind == 'missing' ? 'LessThan' : 'GreaterThan'
            threshold: alert.threshold
            dimensions: empty(alert.splitBy) ? [] : [{ name: alert.splitBy, operator: 'Include', values: ['*'] }]
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: {
        actionGroups: [actionGroupId]
        customProperties: {
          scope: alert.scope
          runbook: '${runbookBaseUrl}/${alert.runbook}'
        }
      }
    }
  }
]
