// One broker: an app with exactly one replica, two ports of its own on the environment's address, and probes.
param name string
param location string
param number int
param environmentId string

@description('The environment\'s one private address.')
param address string
param kafkaPort int
param siloPort int
param image string
param registryServer string
param identity identityType
param storageUrl string
param cpu string

type identityType = {
  id: string
  clientId: string
}

// Inside the container. Each broker has its network to itself, so the ports may be the same for all.
var kafkaTarget = 9092
var siloTarget = 11111
var httpTarget = 8080

// Container Apps takes these pairs and no others.
var memoryOf = {
  '1.0': '2Gi'
  '1.5': '3Gi'
  '2.0': '4Gi'
  '2.5': '5Gi'
  '3.0': '6Gi'
  '3.5': '7Gi'
  '4.0': '8Gi'
}

// A broker that is told to stop hands its partitions over first. It ends before it would be killed, and tells what it left.
var graceSeconds = 60
var stopTimeout = '00:00:50'

resource broker 'Microsoft.App/containerApps@2025-07-01' = {
  name: name
  location: location
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identity.id}': {} }
  }
  properties: {
    environmentId: environmentId
    workloadProfileName: 'Consumption'
    configuration: {
      // Two of one number is what must not last. With "multiple" it would, until somebody sees it.
      activeRevisionsMode: 'Single'
      registries: empty(registryServer) ? [] : [{ server: registryServer, identity: identity.id }]
      ingress: {
        // To the network, since the environment is internal; a port that is "external" is the only kind that stands on the environment's own address.
        external: true
        transport: 'tcp'
        targetPort: kafkaTarget
        exposedPort: kafkaPort
        additionalPortMappings: [{ external: true, targetPort: siloTarget, exposedPort: siloPort }]
      }
    }
    template: {
      terminationGracePeriodSeconds: graceSeconds

      // Never two, since they would share number and address; never none, since nothing would wake it.
      scale: { minReplicas: 1, maxReplicas: 1 }
      containers: [
        {
          name: 'broker'
          image: image
          args: [
            '--id=${number}'
            '--storage=${storageUrl}'
            '--silo=${address}:${siloPort}'
            '--OrleansStream:SiloListen=0.0.0.0:${siloTarget}'
            '--http=0.0.0.0:${httpTarget}'
            '--Kafka:listeners=PLAINTEXT://0.0.0.0:${kafkaTarget}'
            '--Kafka:advertised.listeners=PLAINTEXT://${address}:${kafkaPort}'
            '--OrleansStream:Blobs:ManagedIdentityClientId=${identity.clientId}'
            '--OrleansStream:StopTimeout=${stopTimeout}'
            '--OrleansStream:StorageTimeout=00:02:00'
            '--Logging:Console:FormatterName=json'
          ]
          resources: { cpu: json(cpu), memory: memoryOf[cpu] }
          probes: [
            {
              // 150 seconds: longer than one of a start's requests waits for storage, after which it ends by itself and says why.
              type: 'Startup'
              httpGet: { path: '/health/startup', port: httpTarget }
              periodSeconds: 15
              failureThreshold: 10
              timeoutSeconds: 3
            }
            {
              // A broker that is not ready is cut off from new connections of clients and of other brokers alike, and there is nobody else to send them to:
              // so it comes quickly to be ready, and is given most of a minute before it counts as not ready any more.
              type: 'Readiness'
              httpGet: { path: '/health/ready', port: httpTarget }
              periodSeconds: 5
              failureThreshold: 10
              timeoutSeconds: 3
            }
            {
              // That it answers at all. One that stands still is declared dead by the others long before, and ends when it finds out.
              type: 'Liveness'
              httpGet: { path: '/health/live', port: httpTarget }
              periodSeconds: 10
              failureThreshold: 6
              timeoutSeconds: 5
            }
          ]
        }
      ]
    }
  }
}
