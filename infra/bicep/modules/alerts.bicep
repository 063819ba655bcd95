// Log alerts on the events of the app, and on what can be seen from outside it. `alerts.json` lists them.
import { ActionGroupIds } from 'types.bicep'

param stamp string
param location string
param tags object
param workspaceId string
param actionGroupId string

@description('Further action groups by severity: {"1": [id]}.')
param actionGroupIds ActionGroupIds
param runbookBaseUrl string

var alerts = loadJsonContent('../alerts.json')

// One line of JSON per event. Each run looks at what arrived since the one before, with a minute to spare: an event that
// was ingested late is told late, never missed.
var seen = '''
AppTraces
| where ingestion_time() > ago({2}m)
| extend e = parse_json(Message)
| extend event = tostring(e.event), biller = tostring(e.biller), reason = tostring(e.reason)
| extend entry = iff(isempty(tostring(e.id)), tostring(e.message), tostring(e.id))
| where event in ({0}){3}
| project TimeGenerated, event, biller, entry, reason, Message
'''

// So many within the window that the number itself is news.
var counted = '''
AppTraces
| extend event = tostring(parse_json(Message).event)
| where event in ({0})
| project TimeGenerated, event
'''

var missing = '''
AppTraces
| where tostring(parse_json(Message).event) in ({0})
'''

// Messages of a queue that wait too long: none was taken since the oldest of them came, or more came than were taken. The
// functions of the queues scale each alone, so each queue is looked at by itself.
var untaken = '''
let moves = StorageQueueLogs
| where StatusText endswith "Success" and OperationName in ("PutMessage", "DeleteMessage")
| extend queue = tostring(split(parse_url(Uri).Path, "/")[1])
| where queue in ({0});
let takes = moves
| where OperationName == "DeleteMessage"
| summarize taken = count(), lastTaken = max(TimeGenerated) by queue;
moves
| where OperationName == "PutMessage"
| join kind=leftouter takes on queue
| extend untouched = isnull(lastTaken) or TimeGenerated > lastTaken, old = TimeGenerated < ago({1}m)
| summarize
    put = count(),
    oldPut = countif(old),
    oldUntouched = countif(old and untouched),
    oldest = min(iff(untouched, TimeGenerated, datetime(null))),
    taken = max(coalesce(taken, 0)) by queue
| where oldUntouched > 0 or oldPut - taken > 20
| project queue, depth = put - taken, oldest
'''

var queryOf = {
  seen: seen
  counted: counted
  missing: missing
  untaken: untaken
  query: ''
}
var named = [for alert in alerts: '"${join(alert.subjects, '", "')}"']
// Of an event that several alerts ask for, the codes that make the difference.
var codes = [
  for alert in alerts: contains(alert, 'onlyCodes')
    ? ' and tostring(e.code) in ("${join(alert.onlyCodes, '", "')}")'
    : contains(alert, 'butCodes') ? ' and tostring(e.code) !in ("${join(alert.butCodes, '", "')}")' : ''
]
var queries = [
  for (alert, index) in alerts: empty(alert.query)
    ? format(queryOf[alert.kind], named[index], alert.graceMinutes, alert.everyMinutes + 1, codes[index])
    : alert.query
]

resource rule 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
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
      // Whoever was told once needs no mail for each run that still sees the same window.
      muteActionsDuration: alert.kind == 'seen' ? null : 'PT${min(alert.windowMinutes, 1440)}M'
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
        actionGroups: concat([actionGroupId], actionGroupIds[?string(alert.severity)] ?? [])
        customProperties: {
          scope: alert.scope
          runbook: '${runbookBaseUrl}/${alert.runbook}'
        }
      }
    }
  }
]
