using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Serving;
using OrleansStream.Testing.Storage;

namespace OrleansStream.Log.Tests.Serving;

/// <summary>Who opens a partition beside others who do.</summary>
public sealed class PartitionOpenerTests : IDisposable
{
    private readonly MemoryBroker _broker = new();
    private readonly MemoryManifestStore _manifests = new();
    private readonly TaskCompletionSource<bool> _catalog = new();
    private readonly PartitionOpener _opener;
    private int _asked;

    public PartitionOpenerTests() => _opener = new PartitionOpener(new PartitionOpenerParts
    {
        Manifests = _manifests,
        CurrentLane = () => _broker.Lane.Lane,
        Recovered = new NothingRecovered(),
        Handles = _broker.Handles,
        Serving = _broker.Parts,
        Objects = new MemoryObjectStore(),
        ConfirmTopic = (_, _) =>
        {
            _asked++;
            return new ValueTask<bool>(_catalog.Task);
        },
        Random = new Random(1),
        Time = _broker.Time,
    });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _broker.Dispose();

    [Fact]
    public async Task All_who_open_a_partition_at_once_share_one_claim()
    {
        var opens = Enumerable.Range(0, 5).Select(_ => OpenAsync(Token)).ToList();
        Assert.Equal(1, _asked);
        _catalog.SetResult(true);

        var handles = (await Task.WhenAll(opens)).Select(static outcome => outcome.Handle).Distinct();
        Assert.True(Assert.Single(handles)!.IsOwner);
        Assert.Equal(1, _manifests.Writes);
    }

    // O2: every open is a claim; only those that overlap are one.
    [Fact]
    public async Task Who_opens_after_another_has_ended_claims_anew()
    {
        _catalog.SetResult(true);
        var first = (await OpenAsync(Token)).Handle!;
        var second = (await OpenAsync(Token)).Handle!;
        Assert.Equal(first.Epoch.Next, second.Epoch);
        Assert.False(first.IsOwner);
        Assert.True(second.IsOwner);
    }

    [Fact]
    public async Task Who_stops_waiting_stops_nobody_else_and_not_the_claim()
    {
        using var impatient = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var gone = OpenAsync(impatient.Token);
        var stays = OpenAsync(Token);
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        _catalog.SetResult(true);
        Assert.True((await stays).Handle!.IsOwner);
        Assert.Equal(1, _manifests.Writes);
    }

    [Fact]
    public async Task A_failure_is_told_to_all_who_wait_and_the_next_one_tries_again()
    {
        var opens = Enumerable.Range(0, 2).Select(_ => OpenAsync(Token)).ToList();
        _catalog.SetException(new LogException("no catalog"));
        foreach (var open in opens) await Assert.ThrowsAsync<LogException>(() => open);
        await Assert.ThrowsAsync<LogException>(() => OpenAsync(Token));
        Assert.Equal(2, _asked);
    }

    private Task<OpenOutcome> OpenAsync(CancellationToken cancellationToken) => _opener.OpenAsync(MemoryBroker.AnyPartition, new PartitionSettings(), cancellationToken).AsTask();

    private sealed class NothingRecovered : IRecoveredSessions
    {
        public ValueTask<IReadOnlyList<WalExtent>> FramesOfAsync(SessionId session, PartitionId partition, CancellationToken cancellationToken) => new([]);
    }
}
