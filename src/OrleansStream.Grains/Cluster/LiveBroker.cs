using Orleans.Runtime;
using OrleansStream.Abstractions.Cluster;
using OrleansStream.Log.Brokers;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Cluster;

/// <summary>A broker whose silo is Active: what membership says of it together with what it says of itself.</summary>
/// <param name="Broker">What clients are told.</param>
/// <param name="Silo">Where its service and its grains are.</param>
/// <param name="SiloName">What placement hashes.</param>
/// <param name="IsDraining">It gives up what it has, and gets nothing more.</param>
/// <param name="IsCurrent">The record is of this very silo. False: it is an earlier one's of the same name, and is about to be read again.</param>
internal sealed record LiveBroker(Broker Broker, SiloAddress Silo, string SiloName, bool IsDraining, bool IsCurrent)
{
    public BrokerId Id => Broker.Id;

    public static LiveBroker Of(BrokerRecord record, SiloAddress silo)
    {
        var endpoints = record.Listeners.ToDictionary(static listener => listener.Name, static listener => new Endpoint(listener.Host, listener.Port), StringComparer.Ordinal);
        var isCurrent = record.SiloAddress == silo.ToParsableString();
        return new LiveBroker(new Broker(record.Broker, record.Rack, endpoints), silo, record.SiloName, isCurrent && record.IsDraining, isCurrent);
    }

    /// <summary>Whether the other one says the same: a record of maps compares only which map it is.</summary>
    public bool Says(LiveBroker other) =>
        Id == other.Id && Silo.Equals(other.Silo) && SiloName == other.SiloName && IsDraining == other.IsDraining && IsCurrent == other.IsCurrent
        && Broker.Rack == other.Broker.Rack && Broker.Endpoints.Count == other.Broker.Endpoints.Count
        && Broker.Endpoints.All(pair => other.Broker.Endpoints.TryGetValue(pair.Key, out var endpoint) && endpoint == pair.Value);
}
