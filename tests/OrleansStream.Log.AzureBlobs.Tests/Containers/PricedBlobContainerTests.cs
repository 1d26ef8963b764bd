using Microsoft.Extensions.Time.Testing;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.Economy;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Blobs;
using OrleansStream.Testing.Conformance;

namespace OrleansStream.Log.AzureBlobs.Tests.Containers;

public sealed class PricedBlobContainerTests
{
    private static readonly PartitionId Partition = new(new TopicId(new Guid(7, 0, 0, new byte[8])), 3);
    private static readonly SessionId Session = new(new BrokerId(1), new Guid("aaaaaaaa-0000-0000-0000-000000000001"));

    private readonly SimulatedBlobs _blobs;
    private readonly WriteLedger _ledger;
    private readonly PricedBlobContainer _container;

    public PricedBlobContainerTests()
    {
        var time = new FakeTimeProvider();
        _blobs = new SimulatedBlobs(time);
        _ledger = new WriteLedger(new WriteBudgetOptions { OperationsPerSecond = 1 }, time) { Topics = new TopicWrites(time) };
        _container = new PricedBlobContainer(_blobs, _ledger);
    }

    public static TheoryData<string, WriteKind, bool> Names => new()
    {
        { BlobNames.BlockOf(Session, new Slot(5)), WriteKind.Blocks, false },
        { BlobNames.ManifestOf(Partition), WriteKind.Manifests, true },
        { $"p/abc/{Partition}/0000000000000005-1-x", WriteKind.Segments, true },
        { BlobNames.SessionOf(Session), WriteKind.Records, false },
        { BlobNames.SummaryOf(Session), WriteKind.Records, false },
        { "b/1", WriteKind.Records, false },
        { "cluster", WriteKind.Records, false },
        { "m/abc/short", WriteKind.Manifests, false },
    };

    [Theory, MemberData(nameof(Names))]
    public async Task A_put_is_put_down_to_what_it_is_for_and_to_its_topic(string name, WriteKind kind, bool isOfTopic)
    {
        await PutAsync(name);

        Assert.Equal((1L, 3L), (_ledger.OperationsOf(kind), _ledger.BytesOf(kind)));
        Assert.Equal(1, Enum.GetValues<WriteKind>().Sum(_ledger.OperationsOf));
        Assert.Equal(isOfTopic ? [(Partition.Topic, 1d, 3d)] : [], _ledger.Topics!.All.Select(share => (share.Topic, share.Operations, share.Bytes)));
    }

    [Theory]
    [InlineData(BlobFault.None, 1, 0)]
    [InlineData(BlobFault.FalseConflict, 1, 0)] // A condition that did not hold is charged for.
    [InlineData(BlobFault.RequestLost, 1, 0)] // It may have been done.
    [InlineData(BlobFault.AnswerLost, 1, 0)]
    [InlineData(BlobFault.Busy, 0, 1)]
    public async Task What_the_account_charges_for_is_spent(BlobFault fault, int charged, int throttled)
    {
        _blobs.Faults = _ => fault;
        var before = _ledger.Budget!.Fill;

        await PutAsync("cluster");

        Assert.Equal((charged, throttled), (_ledger.OperationsOf(WriteKind.Records), _ledger.Throttled));
        Assert.Equal(charged / _ledger.Budget.Saved, before - _ledger.Budget.Fill, 9);
    }

    [Fact]
    public async Task A_put_that_nobody_waits_for_any_more_is_charged_for()
    {
        _blobs.HoldsPuts = true;
        using var caller = new CancellationTokenSource();
        var put = _container.PutAsync("cluster", Pieces.Of([1, 2, 3]), expected: null, Guid.Empty, caller.Token).AsTask();

        await caller.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => put);
        Assert.Equal(1, _ledger.OperationsOf(WriteKind.Records));
    }

    [Fact]
    public async Task Reads_lists_and_deletions_are_no_writes()
    {
        var token = TestContext.Current.CancellationToken;
        await _container.ReadAsync("cluster", 0, new byte[1], token);
        await _container.GetAsync("cluster", 10, token);
        await _container.FindAsync("cluster", token);
        await _container.DeleteAsync("cluster", token);
        await foreach (var _ in _container.ListAsync("", token)) Assert.Fail("There is nothing.");

        Assert.Equal(5, _blobs.Calls.Count);
        Assert.Equal(0, Enum.GetValues<WriteKind>().Sum(_ledger.OperationsOf));
        Assert.Equal(1, _ledger.Budget!.Fill);
    }

    private ValueTask<BlobPut> PutAsync(string name) => _container.PutAsync(name, Pieces.Of([1, 2, 3]), expected: null, Guid.Empty, TestContext.Current.CancellationToken);
}
