using 'main.bicep'

// Which build runs is decided by whoever deploys, each time, and never by a tag that moves.
param image = readEnvironmentVariable('ORLEANSSTREAM_IMAGE')
param registryName = readEnvironmentVariable('ORLEANSSTREAM_REGISTRY', '')

param name = 'orleans'
param brokers = 3
param cpu = '2.0'
param storageSku = 'Standard_ZRS'
