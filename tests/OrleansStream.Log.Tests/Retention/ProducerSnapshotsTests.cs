using OrleansStream.Log.Producers;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Records;
using OrleansStream.Testing.Serving;

namespace OrleansStream.Log.Tests.Retention;

public sealed class ProducerSnapshotsTests
{
    private static readonly CancellationToken None = TestContext.Current.CancellationToken;

    [Fact]
    public async Task D6_the_manifest_names_a_snapshot_and_the_offset_that_it_covers()
    {
        using var bench = new RetentionBench();
        var handle = bench.Open();
        AppendOf(bench, handle, sequence: 0);
        AppendOf(bench, handle, sequence: 1);
        bench.Broker.Lane.Publish();

        Assert.True(await bench.Producers.TendAsync(handle, None));

        var snapshot = (await bench.ManifestOf(handle.Id)).Snapshot!;
        Assert.Equal(new Offset(2), snapshot.CoversTo);
        var states = await ReadAsync(bench, snapshot.Name);
        Assert.Equal((1, new Offset(2)), (states.Count, states.CoveredEnd));
        Assert.Equal(0, handle.BytesSinceProducerSnapshot);
    }

    [Fact]
    public async Task Little_is_not_saved_again_and_again()
    {
        using var bench = new RetentionBench();
        var handle = bench.Open();
        bench.Broker.Append(handle, BatchBuilder.OfProducer(1, 0, 0).Record("a"));
        bench.Broker.Lane.Publish();
        Assert.False(await bench.Producers.TendAsync(handle, None));
        Assert.Null((await bench.ManifestOf(handle.Id)).Snapshot);
    }

    // What is not yet durable may never be: a snapshot with it would refuse the same batch when it is sent again.
    [Fact]
    public async Task A_snapshot_waits_until_all_that_it_knows_is_published()
    {
        using var bench = new RetentionBench();
        var handle = bench.Open();
        AppendOf(bench, handle, sequence: 0);
        var saving = bench.Producers.TendAsync(handle, None).AsTask();
        Assert.False(saving.IsCompleted);
        Assert.Null((await bench.ManifestOf(handle.Id)).Snapshot);

        bench.Broker.Lane.Publish();
        Assert.True(await saving);
    }

    [Fact]
    public async Task Nothing_is_saved_if_the_lane_ends_before_that()
    {
        using var bench = new RetentionBench();
        var handle = bench.Open();
        AppendOf(bench, handle, sequence: 0);
        var saving = bench.Producers.TendAsync(handle, None).AsTask();
        bench.Broker.Lane.Abort();
        Assert.False(await saving);
        Assert.Null((await bench.ManifestOf(handle.Id)).Snapshot);
    }

    [Fact]
    public async Task D6_log_start_does_not_pass_producers_that_no_snapshot_holds()
    {
        using var bench = new RetentionBench();
        var handle = bench.Open();
        AppendOf(bench, handle, sequence: 0);
        bench.Broker.Lane.Publish();

        Assert.Equal(ErrorCode.None, await bench.Mover.MoveAsync(handle, Offset.None, None));

        var manifest = await bench.ManifestOf(handle.Id);
        Assert.Equal((new Offset(1), new Offset(1)), (manifest.LogStart, manifest.Snapshot!.CoversTo));
    }

    [Fact]
    public async Task D6_log_start_stays_where_producers_could_not_be_saved_and_moves_when_they_can_be()
    {
        using var bench = new RetentionBench();
        var handle = bench.Open();
        AppendOf(bench, handle, sequence: 0);
        bench.Broker.Lane.Publish();
        bench.Objects.MayCreate = static _ => false;

        Assert.Equal(ErrorCode.KafkaStorageError, await bench.Mover.MoveAsync(handle, Offset.None, None));
        Assert.Equal((Offset.Zero, Offset.Zero), (handle.LogStart, (await bench.ManifestOf(handle.Id)).LogStart));

        bench.Objects.MayCreate = null;
        Assert.Equal(ErrorCode.None, await bench.Mover.MoveAsync(handle, Offset.None, None));
        Assert.Equal((new Offset(1), new Offset(1)), (handle.LogStart, (await bench.ManifestOf(handle.Id)).Snapshot!.CoversTo));
    }

    [Fact]
    public async Task D6_log_start_stays_where_the_lane_ends_before_the_producers_are_saved()
    {
        using var bench = new RetentionBench();
        var handle = bench.Open();
        AppendOf(bench, handle, sequence: 0);
        bench.Broker.Lane.Publish();
        AppendOf(bench, handle, sequence: 1);
        var moving = bench.Mover.MoveAsync(handle, new Offset(1), None).AsTask();
        bench.Broker.Lane.Abort();

        Assert.NotEqual(ErrorCode.None, await moving);
        Assert.Equal(Offset.Zero, (await bench.ManifestOf(handle.Id)).LogStart);
    }

    [Fact]
    public async Task D2_the_snapshot_before_is_deleted_later()
    {
        using var bench = new RetentionBench();
        var handle = bench.Open();
        for (var sequence = 0; sequence < 2; sequence++)
        {
            AppendOf(bench, handle, sequence);
            bench.Broker.Lane.Publish();
            Assert.True(await bench.Producers.TendAsync(handle, None));
        }

        var manifest = await bench.ManifestOf(handle.Id);
        var old = Assert.Single(manifest.PendingDelete);
        await bench.Pending.DeleteDueAsync(None);
        Assert.True(await bench.Objects.LengthAsync(old, None) > 0);
        bench.Time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(1, await bench.Pending.DeleteDueAsync(None));
        Assert.Equal(-1, await bench.Objects.LengthAsync(old, None));
        Assert.True(await bench.Objects.LengthAsync(manifest.Snapshot!.Name, None) > 0);
    }

    private static void AppendOf(RetentionBench bench, PartitionHandle handle, int sequence) =>
        bench.Broker.Append(handle, BatchBuilder.OfProducer(4711, 0, sequence).Records(1, valueBytes: 1000));

    private static async Task<ProducerStates> ReadAsync(RetentionBench bench, string name)
    {
        var bytes = new byte[await bench.Objects.LengthAsync(name, None)];
        await bench.Objects.ReadAsync(name, 0, bytes, None);
        var states = new ProducerStates(new ProducerOptions());
        Assert.True(states.TryApply(bytes, out var fault), fault);
        return states;
    }
}
