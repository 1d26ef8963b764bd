using Orleans.Runtime;

namespace OrleansStream.Abstractions.Cluster;

/// <summary>The way to the service of each broker, for code inside a silo.</summary>
public interface IBrokerServices
{
    /// <summary>The broker at a silo's address. A call to one that is gone fails as any call to a dead silo does.</summary>
    IBrokerService Of(SiloAddress silo);
}
