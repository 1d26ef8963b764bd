using OrleansStream.Coordination.Placement;

namespace OrleansStream.Server.Hosting;

/// <summary>What differs between a broker by itself and one of a cluster.</summary>
/// <param name="Rules">The cluster's: where everything belongs.</param>
/// <param name="Services">Registers who is in the cluster.</param>
/// <param name="Silo">Sets up how silos find each other.</param>
internal sealed record BrokerForm(PlacementRules Rules, Action<IServiceCollection> Services, Action<ISiloBuilder> Silo);
