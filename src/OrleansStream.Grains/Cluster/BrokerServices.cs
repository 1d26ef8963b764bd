using Orleans.Runtime;
using Orleans.Runtime.Services;
using OrleansStream.Abstractions.Cluster;

namespace OrleansStream.Grains.Cluster;

/// <summary>The way to the service of each broker, for code inside a silo.</summary>
internal sealed class BrokerServices(IServiceProvider services) : GrainServiceClient<IBrokerService>(services), IBrokerServices
{
    public IBrokerService Of(SiloAddress silo) => GetGrainService(silo);
}
