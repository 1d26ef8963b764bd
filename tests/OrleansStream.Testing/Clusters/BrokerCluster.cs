using OrleansStream.Testing.Brokers;
using OrleansStream.Testing.Proxies;

namespace OrleansStream.Testing.Clusters;

/// <summary>Brokers that are one cluster, each a process on loopback, and the links on which they depend. Owned by one test or one run.</summary>
public abstract class BrokerCluster : IAsyncDisposable
{
    private protected BrokerCluster(string directory)
    {
        Folder = Path.GetFullPath(directory);
        Directory.CreateDirectory(Folder);
    }

    /// <summary>What reports call it.</summary>
    public abstract string Name { get; }

    /// <summary>Holds logs and whatever data lies on disk.</summary>
    public string Folder { get; }

    /// <summary>The brokers by number: that of the first is 1.</summary>
    public abstract IReadOnlyList<BrokerProcess> Brokers { get; }

    /// <summary>What a client is given as bootstrap servers.</summary>
    public string Bootstrap => string.Join(',', Brokers.Select(broker => broker.Bootstrap));

    /// <summary>How many replicas a topic is to have: where brokers copy, as many as survive the loss of one.</summary>
    public virtual short Replicas => 1;

    /// <summary>The way of a broker to its storage; null where it has none that could fail.</summary>
    public virtual Link? StorageLink(int broker) => null;

    /// <summary>The way of messages that one broker begins to send to another; null where none can fail.</summary>
    public virtual Link? PeerLink(int from, int to) => null;

    /// <summary>Requests to storage since the start, of all brokers; null where there are none to count.</summary>
    public virtual RequestCounts? StorageRequests => null;

    /// <summary>Starts everything and waits until each broker says that it serves.</summary>
    public abstract Task StartAsync(CancellationToken cancellationToken = default);

    /// <summary>One more broker, which has not been started.</summary>
    /// <exception cref="NotSupportedException">This kind of cluster does not grow.</exception>
    public virtual BrokerProcess Add() => throw new NotSupportedException($"{Name} does not grow.");

    public virtual async ValueTask DisposeAsync()
    {
        foreach (var broker in Brokers) await broker.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
