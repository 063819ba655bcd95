// One page that shows how each biller stands.
param stamp string
param location string
param tags object
param workspaceId string

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, 'billers')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Billers of ${stamp}'
    category: 'workbook'
    sourceId: workspaceId
    serializedData: loadTextContent('../workbook.json')
  }
}
