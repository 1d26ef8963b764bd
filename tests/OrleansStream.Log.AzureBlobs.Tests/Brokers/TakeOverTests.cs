using OrleansStream.Log.Lanes;
using OrleansStream.Log.Ownership;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Blobs;
using OrleansStream.Testing.Records;

namespace OrleansStream.Log.AzureBlobs.Tests.Brokers;

/// <summary>Partitions of brokers that are dead, or are taken for dead (rule O4).</summary>
public sealed class TakeOverTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_a_dead_broker_acknowledged_is_served_by_the_next_and_goes_on_there()
    {
        await using var cluster = new TestCluster();
        var first = await cluster.StartAsync(1);
        await TestBroker.AppendDurablyAsync(await first.OpenAsync(), "a", "b");
        first.IsDead = true;

        var second = await cluster.StartAsync(2);
        var handle = await second.OpenAsync();
        await TestBroker.AppendDurablyAsync(handle, "c");

        Assert.Equal(["a", "b", "c"], await TestBroker.ReadAsync(handle));
        var manifest = await cluster.ManifestAsync();
        Assert.Equal((second.Session, new LeaderEpoch(1)), (manifest.Owner, manifest.Epoch));
        Assert.Equal([0L, 2L], manifest.Epochs.Select(epoch => epoch.StartOffset.Value));
    }

    [Fact]
    public async Task A_broker_that_starts_again_has_what_its_former_life_acknowledged()
    {
        await using var cluster = new TestCluster();
        var first = await cluster.StartAsync(1);
        await TestBroker.AppendDurablyAsync(await first.OpenAsync(), "a", "b");
        await first.DisposeAsync();

        var again = await cluster.StartAsync(1);
        Assert.Equal(["a", "b"], await TestBroker.ReadAsync(await again.OpenAsync()));
    }

    // Seed 2178 of the simulated clusters. A claimant that stood still holds the manifest of the first time; the session's frames are those of the second, and
    // what lies between is in no session that it knows of. That is no damage.
    [Fact]
    public async Task A_claimant_that_slept_while_a_partition_came_back_to_a_session_that_then_died_claims_it_all_the_same()
    {
        await using var cluster = new TestCluster();
        var first = await cluster.StartAsync(1);
        var between = await cluster.StartAsync(2);
        var late = await cluster.StartAsync(3);
        await first.OpenAsync();
        late.Owners.Between = async _ =>
        {
            late.Owners.Between = null;
            await TestBroker.AppendDurablyAsync(await between.OpenAsync(), "a", "b");
            await TestBroker.AppendDurablyAsync(await first.OpenAsync(), "c");
            first.IsDead = true;
            return new ReleaseAnswer(ReleaseVerdict.Dead);
        };

        Assert.Equal(["a", "b", "c"], await TestBroker.ReadAsync(await late.OpenAsync()));
    }

    // All that one broker had is found with one look at its session, however many ask at once.
    [Fact]
    public async Task Partitions_of_one_dead_broker_share_one_recovery()
    {
        const int partitions = 200;
        await using var cluster = new TestCluster();
        var first = await cluster.StartAsync(1);
        for (var index = 0; index < partitions; index++) await TestBroker.AppendDurablyAsync(await first.OpenAsync(TestCluster.PartitionOf(index)), $"of {index}");
        first.IsDead = true;
        var second = await cluster.StartAsync(2);

        var handles = await Task.WhenAll(Enumerable.Range(0, partitions).Select(index => second.OpenAsync(TestCluster.PartitionOf(index))));

        for (var index = 0; index < partitions; index++) Assert.Equal([$"of {index}"], await TestBroker.ReadAsync(handles[index]));
        Assert.Equal(1, cluster.Blobs.Calls.Count(static call => call.Kind == BlobCallKind.List && call.Name.StartsWith("w/", StringComparison.Ordinal)));
        Assert.Equal(1, cluster.Blobs.Calls.Count(static call => call is { Kind: BlobCallKind.Put, Name: ['r', '/', ..] }));
    }

    // Partitions of one lane lie in the same blocks, and who takes over opens all of them: each block is asked for once, not once for each partition.
    [Fact]
    public async Task Opening_what_a_dead_broker_had_asks_for_each_of_its_blocks_about_once()
    {
        const int partitions = 50;
        await using var cluster = new TestCluster();
        var first = await cluster.StartAsync(1);
        var handles = await Task.WhenAll(Enumerable.Range(0, partitions).Select(index => first.OpenAsync(TestCluster.PartitionOf(index))));
        for (var round = 0; round < 200; round++) await Task.WhenAll(handles.Select(static handle => TestBroker.AppendAsync(handle, new BatchBuilder().Record("value"))));
        first.IsDead = true;
        var blocks = cluster.Blobs.Names.Count(static name => name.StartsWith("w/", StringComparison.Ordinal));
        var before = cluster.Blobs.Calls.Count;
        var second = await cluster.StartAsync(2);

        await Task.WhenAll(Enumerable.Range(0, partitions).Select(index => second.OpenAsync(TestCluster.PartitionOf(index))));

        var reads = cluster.Blobs.Calls.Skip(before).Count(static call => call.Kind is BlobCallKind.Read or BlobCallKind.Get && call.Name.StartsWith("w/", StringComparison.Ordinal));
        Assert.InRange(blocks, 200, int.MaxValue);
        Assert.InRange(reads, 1, blocks * 5 / 4);
    }

    // Rules O4 and W1: it was taken for dead in the middle of a write. What it had not acknowledged may stand or not; what it says after that counts for nobody.
    [Fact]
    public async Task A_frozen_broker_that_wakes_acknowledges_nothing_and_finds_itself_ended()
    {
        await using var cluster = new TestCluster();
        var frozen = await cluster.StartAsync(1);
        var old = await frozen.OpenAsync();
        await TestBroker.AppendDurablyAsync(old, "a");
        frozen.Container.Freeze();
        var pending = TestBroker.AppendAsync(old, new BatchBuilder().Record("never"));
        frozen.IsDead = true;

        var second = await cluster.StartAsync(2);
        var handle = await second.OpenAsync();
        await TestBroker.AppendDurablyAsync(handle, "b");
        var ended = frozen.Log.Lanes.Current;
        frozen.Container.Thaw();

        Assert.Equal(ErrorCode.NotLeaderOrFollower, (await pending).Error);
        Assert.Contains("another broker has ended this session", (await ended.Ended.WaitAsync(Token)).Reason, StringComparison.Ordinal);
        Assert.False(old.IsOwner);
        Assert.Equal(["a", "b"], await TestBroker.ReadAsync(handle));
        Assert.True(handle.IsOwner);
    }

    // Two brokers find the same session dead at once, each opening another of its partitions; and one partition is opened by both.
    [Fact]
    public async Task Two_brokers_that_take_over_at_once_find_the_same_and_one_owns_it()
    {
        await using var cluster = new TestCluster();
        var first = await cluster.StartAsync(1);
        for (var index = 0; index < 2; index++) await TestBroker.AppendDurablyAsync(await first.OpenAsync(TestCluster.PartitionOf(index)), "a", "b");
        first.IsDead = true;
        var second = await cluster.StartAsync(2);
        var third = await cluster.StartAsync(3);

        var opens = await Task.WhenAll(second.OpenAsync(), third.OpenAsync(), second.OpenAsync(TestCluster.PartitionOf(1)), third.OpenAsync(TestCluster.PartitionOf(1)));

        foreach (var partition in opens.GroupBy(static handle => handle.Id))
        {
            var manifest = await cluster.ManifestAsync(partition.Key);
            var owner = Assert.Single(partition, handle => handle.IsOwner && handle.Session == manifest.Owner && handle.Epoch == manifest.Epoch);
            Assert.Equal(["a", "b"], await TestBroker.ReadAsync(owner));
        }
    }

    [Fact]
    public async Task An_idempotent_producer_meets_neither_loss_nor_double_after_a_take_over()
    {
        await using var cluster = new TestCluster();
        var first = await cluster.StartAsync(1);
        var old = await first.OpenAsync();
        for (var sequence = 0; sequence < 3; sequence++) Assert.Equal(ErrorCode.None, (await TestBroker.AppendAsync(old, Batch(sequence))).Error);
        first.IsDead = true;

        var handle = await (await cluster.StartAsync(2)).OpenAsync();
        var again = await TestBroker.AppendAsync(handle, Batch(2));
        var gap = await TestBroker.AppendAsync(handle, Batch(4));
        var next = await TestBroker.AppendAsync(handle, Batch(3));

        Assert.Equal((ErrorCode.None, 2L), (again.Error, again.BaseOffset.Value));
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, gap.Error);
        Assert.Equal((ErrorCode.None, 3L), (next.Error, next.BaseOffset.Value));
        Assert.Equal(["0", "1", "2", "3"], await TestBroker.ReadAsync(handle));
    }

    private static BatchBuilder Batch(int sequence) => BatchBuilder.OfProducer(7, 0, sequence).Record($"{sequence}");
}
