using OrleansStream.Log.Ownership;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Tests.Brokers;

/// <summary>Asks the brokers of a <see cref="TestCluster"/>.</summary>
internal sealed class TestOwners(TestCluster cluster) : ISessionOwners
{
    private int _asked;
    private int _askedToPrepare;

    /// <summary>Releases that were asked for.</summary>
    public int Asked => Volatile.Read(ref _asked);

    /// <summary>Preparations that were asked for.</summary>
    public int AskedToPrepare => Volatile.Read(ref _askedToPrepare);

    /// <summary>Runs instead of asking, if it gives an answer: given what would be answered.</summary>
    public Func<Func<ValueTask<ReleaseAnswer>>, ValueTask<ReleaseAnswer>>? Between { get; set; }

    /// <summary>Runs when the partition was made ready and is still served.</summary>
    public Func<ValueTask>? AfterPreparing { get; set; }

    public async ValueTask<ReleaseAnswer> PrepareAsync(SessionId owner, PartitionId partition, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _askedToPrepare);
        if (cluster.Find(owner.Broker) is not { IsDead: false } broker) return new ReleaseAnswer(ReleaseVerdict.Dead);
        var answer = await broker.Log.PrepareAsync(partition, owner, cancellationToken);
        if (AfterPreparing is { } after) await after();
        return answer;
    }

    public ValueTask<ReleaseAnswer> ReleaseAsync(SessionId owner, PartitionId partition, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _asked);
        if (cluster.Find(owner.Broker) is not { IsDead: false } broker) return ValueTask.FromResult(new ReleaseAnswer(ReleaseVerdict.Dead));
        ValueTask<ReleaseAnswer> Ask() => broker.Log.ReleaseAsync(partition, owner, cancellationToken);
        return Between is { } between ? between(Ask) : Ask();
    }
}
