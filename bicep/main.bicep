// One OrleansStream cluster on Azure Container Apps: a network, a storage account, an identity, and one app for each broker. README.md says why it has
// this form, how it is deployed, and what of it was never run.
targetScope = 'resourceGroup'

@description('What every name begins with: 3 to 11 small letters and digits, a letter first. The storage account has it too, with a suffix of its own.')
@minLength(3)
@maxLength(11)
param name string = 'orleans'

param location string = resourceGroup().location

@description('The broker\'s image, built by infra/Dockerfile: REGISTRY/orleansstream:TAG. A tag that is never moved, or a digest: what runs is then known.')
param image string

@description('The container registry of this resource group that the image lies in; its brokers get the right to pull. Empty: the image is public.')
param registryName string = ''

@description('How many brokers. Their numbers are 1 to this. Lowering it deletes none: README.md says how a broker leaves.')
@minValue(1)
@maxValue(20)
param brokers int = 3

@description('Processors of a broker; it gets twice as many GiB of memory.')
@allowed(['1.0', '1.5', '2.0', '2.5', '3.0', '3.5', '4.0'])
param cpu string = '2.0'

@description('Where broker 1 is reached by Kafka clients; broker 2 is at the next port, and so on. All share one address, so ports tell them apart.')
@minValue(1024)
@maxValue(11000)
param firstKafkaPort int = 9092

@description('Where broker 1 is reached by the other brokers; broker 2 is at the next port, and so on. Whoever reaches these owns the cluster.')
@minValue(11100)
@maxValue(29000)
param firstSiloPort int = 11111

@description('Addresses of the network. Its first /26 is the brokers\' subnet; the rest is free for subnets of clients.')
param addressPrefix string = '10.92.0.0/22'

@description('Locally redundant, or in three zones where the region has them. Not geo-redundant: a copy in another region is behind, and would have the cluster go back in time.')
@allowed(['Standard_LRS', 'Standard_ZRS'])
param storageSku string = 'Standard_ZRS'

@description('How long logs are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

module network 'modules/network.bicep' = {
  params: {
    name: name
    location: location
    addressPrefix: addressPrefix
    firstSiloPort: firstSiloPort
  }
}

module identity 'modules/identity.bicep' = {
  params: {
    name: name
    location: location
    registryName: registryName
  }
}

module storage 'modules/storage.bicep' = {
  params: {
    name: '${name}${uniqueString(resourceGroup().id)}'
    location: location
    sku: storageSku
    subnetId: network.outputs.subnetId
    principalId: identity.outputs.principalId
  }
}

module environment 'modules/environment.bicep' = {
  params: {
    name: name
    location: location
    subnetId: network.outputs.subnetId
    logRetentionDays: logRetentionDays
  }
}

// One at a time, so that of brokers which this deployment changes no two are away at once, as far as Azure waits for one to be ready.
@batchSize(1)
module broker 'modules/broker.bicep' = [
  for number in range(1, brokers): {
    name: 'broker-${number}'
    params: {
      name: '${name}-broker-${number}'
      location: location
      number: number
      environmentId: environment.outputs.id
      address: environment.outputs.address
      kafkaPort: firstKafkaPort + number - 1
      siloPort: firstSiloPort + number - 1
      image: image
      registryServer: identity.outputs.registryServer
      identity: { id: identity.outputs.id, clientId: identity.outputs.clientId }
      storageUrl: storage.outputs.url
      cpu: cpu
    }
  }
]

@description('For bootstrap.servers of clients inside the network.')
output bootstrapServers string = join(
  map(range(0, brokers), index => '${environment.outputs.address}:${firstKafkaPort + index}'),
  ','
)

@description('For orleansstream verify --storage.')
output storageUrl string = storage.outputs.url

output virtualNetworkId string = network.outputs.id
