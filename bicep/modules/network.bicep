// The private network that the brokers live in, and the one lock on their silo ports that a network can have.
param name string
param location string
param addressPrefix string
param firstSiloPort int

// 64 addresses: Container Apps keeps 11 for itself, needs some for its machines, and doubles what it uses during its own upgrades.
var brokersPrefix = cidrSubnet(addressPrefix, 26, 0)

// Of as many brokers as there can be: one that is taken out of the parameters goes on until somebody deletes it, and must not be open meanwhile.
var siloPorts = '${firstSiloPort}-${firstSiloPort + 19}'

// Ingress with "external" is what gives each silo an address of its own, and opens its port to the whole network. These two rules close it again to all but
// the brokers' subnet. They stand before the rules that every group has, which let the network in and the internet not.
resource rules 'Microsoft.Network/networkSecurityGroups@2025-05-01' = {
  name: '${name}-brokers'
  location: location
  properties: {
    securityRules: [
      {
        name: 'brokers-reach-silos'
        properties: {
          priority: 100
          direction: 'Inbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: brokersPrefix
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: siloPorts
        }
      }
      {
        name: 'nobody-else-reaches-silos'
        properties: {
          priority: 110
          direction: 'Inbound'
          access: 'Deny'
          protocol: 'Tcp'
          sourceAddressPrefix: '*'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: siloPorts
        }
      }
    ]
  }
}

resource network 'Microsoft.Network/virtualNetworks@2025-05-01' = {
  name: name
  location: location
  properties: {
    addressSpace: { addressPrefixes: [addressPrefix] }
  }
}

// A resource of its own, so that subnets for clients, which somebody adds later, are not removed by the next deployment.
resource subnet 'Microsoft.Network/virtualNetworks/subnets@2025-05-01' = {
  parent: network
  name: 'brokers'
  properties: {
    addressPrefix: brokersPrefix
    networkSecurityGroup: { id: rules.id }
    delegations: [
      {
        name: 'container-apps'
        properties: { serviceName: 'Microsoft.App/environments' }
      }
    ]

    // The way to the account stays in Azure's network, and costs nothing. A private endpoint is paid for by the byte, and every byte goes to storage here.
    serviceEndpoints: [{ service: 'Microsoft.Storage' }]
  }
}

output id string = network.id
output subnetId string = subnet.id
