using OrleansStream.Log.Blocks;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Records;
using OrleansStream.Testing.Serving;

namespace OrleansStream.Log.Tests.Serving;

public sealed class ReadTests
{
    // Tail bytes of 0: everything is read from extents. All of these must hold in both.
    private const long AllCached = 128 * Limits.MiB;

    public static TheoryData<long> TailSizes => [AllCached, 8 * Limits.KiB, 0];

    [Theory, MemberData(nameof(TailSizes))]
    public void Pitfall_6_an_offset_inside_a_batch_gives_the_whole_batch(long tailBytes)
    {
        using var broker = new MemoryBroker(tailBytes);
        var handle = broker.Open();
        for (var batch = 0; batch < 3; batch++)
        {
            broker.Append(handle, new BatchBuilder().Records(10));
            broker.Lane.Publish();
        }

        Assert.Equal([10, 20], Reading.BaseOffsets(handle, new Offset(10)));
        Assert.Equal([10, 20], Reading.BaseOffsets(handle, new Offset(15)));
        Assert.Equal([10, 20], Reading.BaseOffsets(handle, new Offset(19)));
        Assert.Equal([20], Reading.BaseOffsets(handle, new Offset(20)));
    }

    [Theory, MemberData(nameof(TailSizes))]
    public void Pitfall_6_whole_batches_only_and_the_first_one_whatever_its_size(long tailBytes)
    {
        using var broker = new MemoryBroker(tailBytes);
        var handle = broker.Open();
        var bytes = new BatchBuilder().Record("value 0").Build().Length;
        broker.AppendDurably(handle, 5);

        Assert.Equal(1, Reading.Count(handle, Offset.Zero, maxBytes: 1));
        Assert.Equal(1, Reading.Count(handle, Offset.Zero, maxBytes: (2 * bytes) - 1));
        Assert.Equal(2, Reading.Count(handle, Offset.Zero, maxBytes: 2 * bytes));
        Assert.Equal(0, Reading.Count(handle, Offset.Zero, maxBytes: bytes - 1, atLeastOne: false));
        Assert.Equal(1, Reading.Count(handle, Offset.Zero, maxBytes: bytes, atLeastOne: false));
        Assert.Equal(5, Reading.Count(handle, Offset.Zero, maxBytes: int.MaxValue));
    }

    [Theory, MemberData(nameof(TailSizes))]
    public void Every_offset_is_found_from_every_start_across_tail_and_extents(long tailBytes)
    {
        using var broker = new MemoryBroker(tailBytes);
        var handle = broker.Open();
        broker.AppendDurably(handle, 40);

        for (var from = 0; from < 40; from++)
            Assert.Equal(Enumerable.Range(from, 40 - from).Select(offset => (long)offset), Reading.BaseOffsets(handle, new Offset(from)));
    }

    [Fact]
    public void Bytes_read_from_the_cache_are_the_bytes_that_were_sent()
    {
        using var broker = new MemoryBroker();
        var handle = broker.Open();
        var sent = new BatchBuilder().Records(3).Build();
        broker.Append(handle, sent);
        broker.Lane.Publish();

        using var frames = new FrameList();
        Reading.Read(handle, Offset.Zero, frames);

        Assert.Equal(sent.AsSpan(16).ToArray(), frames[0].Bytes[16..].ToArray());
        Assert.Equal(sent.Length, frames.Bytes);
    }

    [Theory, MemberData(nameof(TailSizes))]
    public void Offsets_out_of_range_are_an_error_and_those_in_flight_are_not(long tailBytes)
    {
        using var broker = new MemoryBroker(tailBytes);
        var handle = broker.Open();
        broker.AppendDurably(handle, 4);
        broker.Append(handle, new BatchBuilder().Records(2));
        handle.MoveLogStart(new Offset(2));

        using var frames = new FrameList();
        Assert.Equal(new ReadOutcome(ErrorCode.OffsetOutOfRange, Offset.None, Offset.None, Offset.None), Reading.Read(handle, new Offset(1), frames));
        Assert.Equal(ErrorCode.OffsetOutOfRange, Reading.Read(handle, new Offset(7), frames).Error);
        Assert.Equal(ErrorCode.OffsetOutOfRange, Reading.Read(handle, Offset.None, frames).Error);
        foreach (var offset in new[] { 4, 5, 6 })
        {
            Assert.Equal(new ReadOutcome(ErrorCode.None, new Offset(4), new Offset(4), new Offset(2)), Reading.Read(handle, new Offset(offset), frames));
            Assert.Equal(0, frames.Count);
        }
    }

    [Fact]
    public void Nothing_above_the_high_watermark_is_read_though_storage_has_it()
    {
        using var source = new MemoryBroker();
        var written = source.Open();
        source.AppendDurably(written, 2);

        // Storage shows one offset more than the handle has published, as it does while a block is being published.
        using var broker = new MemoryBroker();
        var segment = broker.Extents.Put("ahead", written.Epoch, source.Lane.Store.Find(written.Id, Slot.Zero, new Slot(9), Offset.Zero));
        var behind = new PartitionHandle(broker.Parts, broker.Lane.Lane, new PartitionStart
        {
            Manifest = broker.NewManifest(written.Id) with { Extents = [segment] },
            LogEnd = new Offset(1),
            Settings = new PartitionSettings(),
        });

        Assert.Equal([0], Reading.BaseOffsets(behind, Offset.Zero));
        Assert.Equal(0, Reading.Count(behind, new Offset(1)));
    }

    [Fact]
    public void A_read_inside_the_tail_cache_completes_without_touching_storage()
    {
        using var broker = new MemoryBroker();
        var handle = broker.Open();
        broker.AppendDurably(handle, 10);

        Assert.Equal(10, Reading.Count(handle, Offset.Zero));
        Assert.Equal(0, broker.Extents.Reads);
    }

    [Fact]
    public void Gaps_that_compaction_left_are_skipped_within_and_between_extents()
    {
        using var source = new MemoryBroker();
        var from = source.Open();
        source.AppendDurably(from, 10);
        var all = source.Lane.Store.Find(from.Id, Slot.Zero, new Slot(99), Offset.Zero);

        using var broker = new MemoryBroker();
        // Offsets 0..4 and 5..9; of the first only 1 and 2 are left, of the second only 7.
        var first = broker.Extents.Put("a", LeaderEpoch.None, [all[1], all[2]]) with { BaseOffset = Offset.Zero, LastOffset = new Offset(4) };
        var second = broker.Extents.Put("b", LeaderEpoch.None, [all[7]]) with { BaseOffset = new Offset(5), LastOffset = new Offset(9) };
        var handle = broker.Open(broker.NewManifest(MemoryBroker.AnyPartition) with { Extents = [first, second] });
        broker.AppendDurably(handle, 1);

        Assert.Equal([1, 2, 7, 10], Reading.All(handle, Offset.Zero));
        Assert.Equal([7, 10], Reading.All(handle, new Offset(3)));
        Assert.Equal([10], Reading.All(handle, new Offset(8)));
    }

    // Another broker's session appended in between, so the index of this one has a hole that the manifest fills.
    [Fact]
    public void Manifest_extents_and_the_lane_index_together_are_one_log()
    {
        using var broker = new MemoryBroker(tailBytes: 0);
        var handle = broker.Open();
        broker.AppendDurably(handle, 6);
        var segment = broker.Extents.Cut(handle.Id, Offset.Zero, new Offset(2), handle.Epoch);

        handle.ApplyManifest(handle.Manifest with { Extents = [segment] });
        broker.Lane.Lane.Index.ForgetBelow(handle.Id, new Offset(3));

        Assert.Equal([0, 1, 2, 3, 4, 5], Reading.BaseOffsets(handle, Offset.Zero));
        Assert.Equal(6 * new BatchBuilder().Record("value 0").Build().Length, handle.SizeBytes);
    }

    [Fact]
    public void An_extent_that_moves_between_two_looks_is_found_at_the_second()
    {
        using var broker = new MemoryBroker(tailBytes: 0);
        var handle = broker.Open();
        broker.AppendDurably(handle, 4);
        broker.Extents.Fault = extent =>
        {
            // While the WAL is read, the splitter finishes and its blocks are trimmed.
            if (extent is not WalExtent) return null;
            handle.ApplyManifest(handle.Manifest with { Extents = [broker.Extents.Cut(handle.Id, Offset.Zero, new Offset(3), handle.Epoch)] });
            broker.Lane.Lane.Index.ForgetBelow(handle.Id, new Offset(4));
            return new LogException("The blocks were trimmed.");
        };

        Assert.Equal([0, 1, 2, 3], Reading.BaseOffsets(handle, Offset.Zero));
        Assert.Equal(2, broker.Extents.Reads);
        Assert.Empty(broker.ReadFailures);
    }

    [Theory]
    [InlineData(1, ErrorCode.None)]
    [InlineData(2, ErrorCode.KafkaStorageError)]
    public void Damage_is_read_twice_and_then_named_never_skipped(int faults, ErrorCode expected)
    {
        using var broker = new MemoryBroker(tailBytes: 0);
        var handle = broker.Open();
        broker.AppendDurably(handle, 2);
        broker.Extents.Fault = _ => broker.Extents.Reads <= faults ? new CorruptBlockException("w/17", 4096, "checksum of offset 0") : null;

        using var frames = new FrameList();
        Assert.Equal(expected, Reading.Read(handle, Offset.Zero, frames).Error);
        Assert.Equal(2, broker.Extents.Reads);
        Assert.Equal(expected == ErrorCode.None ? 2 : 0, frames.Count);
        if (expected != ErrorCode.None) Assert.Equal("w/17", Assert.IsType<CorruptBlockException>(Assert.Single(broker.ReadFailures)).Location);
    }

    [Fact]
    public void Records_that_no_extent_holds_are_an_error_not_an_empty_answer()
    {
        using var broker = new MemoryBroker(tailBytes: 0);
        var handle = broker.Open();
        broker.AppendDurably(handle, 2);
        broker.Lane.Lane.Index.ForgetBelow(handle.Id, new Offset(2));

        using var frames = new FrameList();
        Assert.Equal(ErrorCode.KafkaStorageError, Reading.Read(handle, Offset.Zero, frames).Error);
        Assert.Contains("offset 0", Assert.Single(broker.ReadFailures).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Log_start_that_moves_during_a_read_makes_it_out_of_range_rather_than_a_storage_error()
    {
        using var broker = new MemoryBroker(tailBytes: 0);
        var handle = broker.Open();
        broker.AppendDurably(handle, 3);
        broker.Extents.Fault = _ =>
        {
            handle.MoveLogStart(new Offset(2));
            return new LogException("Deleted.");
        };

        using var frames = new FrameList();
        Assert.Equal(ErrorCode.OffsetOutOfRange, Reading.Read(handle, Offset.Zero, frames).Error);
        Assert.Empty(broker.ReadFailures);
    }

    [Fact]
    public void What_was_read_before_a_failure_is_given()
    {
        using var broker = new MemoryBroker(tailBytes: 0);
        var handle = broker.Open();
        broker.AppendDurably(handle, 4);
        var first = broker.Extents.Cut(handle.Id, Offset.Zero, new Offset(1), handle.Epoch);
        var second = broker.Extents.Cut(handle.Id, new Offset(2), new Offset(3), handle.Epoch);
        handle.ApplyManifest(handle.Manifest with { Extents = [first, second] });
        broker.Extents.Fault = extent => extent == second ? new CorruptBlockException(second.Name, 0, "damaged") : null;

        Assert.Equal([0, 1], Reading.BaseOffsets(handle, Offset.Zero));
    }

    [Theory, MemberData(nameof(TailSizes))]
    public void Bytes_from_an_offset_are_exact_in_the_cache_and_never_nothing_where_there_is_something(long tailBytes)
    {
        using var broker = new MemoryBroker(tailBytes);
        var handle = broker.Open();
        var bytes = new BatchBuilder().Record("value 0").Build().Length;
        broker.AppendDurably(handle, 5);
        broker.Append(handle, new BatchBuilder().Record("in flight"));

        Assert.Equal(5 * bytes, handle.BytesFrom(Offset.Zero));
        Assert.Equal(2 * bytes, handle.BytesFrom(new Offset(3)));
        Assert.Equal(0, handle.BytesFrom(new Offset(5)));
        Assert.Equal(0, handle.BytesFrom(new Offset(6)));
        Assert.Equal(-1, handle.BytesFrom(new Offset(7)));
        handle.MoveLogStart(new Offset(1));
        Assert.Equal(-1, handle.BytesFrom(Offset.Zero));
    }

    [Fact]
    public void A_manifest_of_another_epoch_changes_nothing()
    {
        using var broker = new MemoryBroker();
        var handle = broker.Open();
        broker.AppendDurably(handle, 2);

        handle.ApplyManifest(handle.Manifest with { Epoch = handle.Epoch.Next, LogStart = new Offset(2) });

        Assert.Equal(Offset.Zero, handle.LogStart);
    }
}
