using Orleans.Runtime;
using OrleansStream.Abstractions.Cluster;
using OrleansStream.Abstractions.Groups;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Model.Ids;

namespace OrleansStream.Kafka.Gateway.Tests.Harness;

/// <summary>Two brokers, 3 (this one) and 7, each with two listeners. Everything is owned by this one unless a test says otherwise.</summary>
internal sealed class FakeCluster : IClusterView
{
    public string ClusterId => "cluster-of-tests";

    public BrokerId Self => new(3);

    public IReadOnlyList<Broker> Brokers { get; } = [Of(3), Of(7)];

    public HashSet<PartitionId> Elsewhere { get; } = [];

    /// <summary>Served by the other broker still, although placement has given it to this one.</summary>
    public HashSet<PartitionId> NotYetHere { get; } = [];

    public HashSet<string> GroupsElsewhere { get; } = new(StringComparer.Ordinal);

    /// <summary>Called when somebody asks where a partition is placed: after he found it closed, and before he opens it.</summary>
    public Action OnOwnerAsked { get; set; } = static () => { };

    public BrokerId OwnerOf(PartitionId partition) => Elsewhere.Contains(partition) || NotYetHere.Contains(partition) ? new(7) : Self;

    public BrokerId PlacedOn(PartitionId partition)
    {
        OnOwnerAsked();
        return Elsewhere.Contains(partition) ? new(7) : Self;
    }

    public SiloAddress? SiloOf(BrokerId broker) => null;

    public BrokerId CoordinatorOf(string groupId) => GroupsElsewhere.Contains(groupId) ? new(7) : Self;

    private static Broker Of(int id) => new(new(id), $"rack-{id}", new Dictionary<string, Endpoint>
    {
        ["PLAINTEXT"] = new($"plain-{id}", 9000 + id),
        ["INNER"] = new($"inner-{id}", 9100 + id),
    });
}

/// <summary>Groups that exist are those that the harness's grains know.</summary>
internal sealed class FakeLocalGroups(FakeGrains grains) : ILocalGroups
{
    public IGroupCalls Of(string groupId) => grains.GroupOf(groupId);

    /// <summary>Thrown by every question, as while a journal cannot be read.</summary>
    public Exception? Failure { get; set; }

    public Task<ListGroupsAnswer> ListAsync(CancellationToken cancellationToken) =>
        Task.FromResult(new ListGroupsAnswer(ErrorCode.None, [.. grains.Groups.Keys.Select(id => new GroupListing(id, "consumer", "Stable"))]));

    public ValueTask<bool> ExistsAsync(string groupId, CancellationToken cancellationToken) =>
        Failure is null ? ValueTask.FromResult(grains.Groups.ContainsKey(groupId)) : throw Failure;
}

/// <summary>A catalog that other brokers may have changed: the test says what a second look finds.</summary>
internal sealed class FakeCatalogUpdates : ICatalogUpdates
{
    /// <summary>What is found; null where there is nobody to ask.</summary>
    public Action? Found { get; set; }

    public int Looks { get; private set; }

    public bool IsDue => Found is not null;

    public ValueTask LookAgainAsync(CancellationToken cancellationToken)
    {
        if (Found is { } found)
        {
            Looks++;
            found();
        }

        return ValueTask.CompletedTask;
    }
}

/// <summary>Counts up.</summary>
internal sealed class FakeProducerIds : IProducerIds
{
    private long _next = 1000;

    public Exception? Failure { get; set; }

    public ValueTask<long> NextAsync(CancellationToken cancellationToken) => Failure is null ? ValueTask.FromResult(_next++) : throw Failure;
}
