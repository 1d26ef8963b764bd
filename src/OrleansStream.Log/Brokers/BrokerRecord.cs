using System.Collections.Immutable;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Brokers;

/// <summary>What one broker says of itself to all others: written before it listens, changed by compare-and-set only, found under its number.</summary>
public sealed record BrokerRecord
{
    public required BrokerId Broker { get; init; }

    /// <summary>A broker refuses a record of another cluster.</summary>
    public required string ClusterId { get; init; }

    /// <summary>The silo's address with its generation, as Orleans writes it: <c>10.0.0.4:11111@123456</c>.</summary>
    public required string SiloAddress { get; init; }

    /// <summary>The silo's name, which stays the same over restarts: what placement hashes.</summary>
    public required string SiloName { get; init; }

    /// <summary>The newest session of the broker's lane: named here before its first block and before any claim.</summary>
    public required SessionId Session { get; init; }

    /// <summary>Where clients reach each listener, by its name.</summary>
    public required ImmutableArray<AdvertisedListener> Listeners { get; init; }

    /// <summary>What broker.rack says; null if nothing.</summary>
    public string? Rack { get; init; }

    /// <summary>The release that runs, for people.</summary>
    public required string Version { get; init; }

    /// <summary>It gives up what it has: placement leaves it out.</summary>
    public bool IsDraining { get; init; }
}

/// <summary>A listener with the address that clients are told.</summary>
public sealed record AdvertisedListener(string Name, string Host, int Port);
