// The account that the cluster is: its log in a container, its members in a table. Brokers create both, so nothing is created here.
param name string
param location string
param sku string
param subnetId string
param principalId string

// What the broker does, and no more: it creates its container and its table, and reads, writes, lists and deletes in them. Both roles do that, and neither
// reads the account's keys.
var roles = [
  'ba92f5b4-2d11-453d-a403-e96b0029c9fe' // Storage Blob Data Contributor
  '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3' // Storage Table Data Contributor
]

resource account 'Microsoft.Storage/storageAccounts@2025-08-01' = {
  name: name
  location: location
  sku: { name: sku }
  kind: 'StorageV2'
  properties: {
    accessTier: 'Hot'

    // A flat namespace: with a hierarchical one, lists come in another order (docs/formats/blob-container.md).
    isHnsEnabled: false
    allowSharedKeyAccess: false
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    networkAcls: {
      bypass: 'None'
      defaultAction: 'Deny'
      virtualNetworkRules: [{ id: subnetId, action: 'Allow' }]
    }
  }
}

// A cluster deletes thousands of blocks an hour and replaces manifests all the time. Kept copies of them would cost many times what the log does, and are no
// backup of it: put back one by one, they are not a state that the cluster ever had.
resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-08-01' = {
  parent: account
  name: 'default'
  properties: {
    deleteRetentionPolicy: { enabled: false }
    isVersioningEnabled: false
    changeFeed: { enabled: false }

    // The container itself is deleted by nobody but a person, who may be glad of a week.
    containerDeleteRetentionPolicy: { enabled: true, days: 7 }
  }
}

resource rights 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in roles: {
    name: guid(account.id, principalId, role)
    scope: account
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
      principalId: principalId
      principalType: 'ServicePrincipal'
    }
  }
]

output url string = account.properties.primaryEndpoints.blob
