using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Compression;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;
using OrleansStream.Testing.Records;
using OrleansStream.Testing.Serving;

namespace OrleansStream.Log.Tests.Serving;

// Pitfall 21: no match is -1 without an error; order of timestamps is nobody's promise; -3 works.
public sealed class TimestampSearchTests
{
    private static readonly TimestampMatch NoMatch = new(ErrorCode.None, Offset.None, -1, LeaderEpoch.None);

    public static TheoryData<long> TailSizes => [128 * Limits.MiB, 4 * Limits.KiB, 0];

    [Theory, MemberData(nameof(TailSizes))]
    public void Pitfall_21_the_first_record_at_or_after_a_time_is_found_also_out_of_order(long tailBytes)
    {
        using var broker = new MemoryBroker(tailBytes);
        var handle = Filled(broker, CompressionCodec.None);

        Assert.Equal((0, 100), Find(handle, 0));
        Assert.Equal((0, 100), Find(handle, 100));
        Assert.Equal((2, 300), Find(handle, 101));
        Assert.Equal((2, 300), Find(handle, 300));
        Assert.Equal((5, 900), Find(handle, 301));
        Assert.Equal((5, 900), Find(handle, 900));
    }

    // Rule W2: the search began in time, and the process stood still while it read from storage.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_search_that_ends_on_a_broker_that_stood_still_meanwhile_tells_nothing(bool largest)
    {
        using var broker = new MemoryBroker(tailBytes: 0);
        var handle = Filled(broker, CompressionCodec.None);
        broker.Extents.Fault = _ =>
        {
            broker.IsStalled = true;
            return null;
        };

        var found = await (largest ? handle.FindMaxTimestampAsync(TestContext.Current.CancellationToken) : handle.FindTimestampAsync(100, TestContext.Current.CancellationToken));

        Assert.Equal(NoMatch with { Error = ErrorCode.NotLeaderOrFollower }, found);
    }

    [Theory, MemberData(nameof(TailSizes))]
    public void Pitfall_21_no_match_is_offset_minus_one_without_an_error(long tailBytes)
    {
        using var broker = new MemoryBroker(tailBytes);
        var handle = Filled(broker, CompressionCodec.None);

        Assert.Equal(NoMatch, FindRaw(handle, 901));
        Assert.Equal(NoMatch, FindRaw(broker.Open(broker.NewManifest(MemoryBroker.PartitionOf(9))), 0));
    }

    [Theory]
    [InlineData(CompressionCodec.Gzip)]
    [InlineData(CompressionCodec.Snappy)]
    [InlineData(CompressionCodec.Lz4)]
    [InlineData(CompressionCodec.Zstd)]
    public void Records_of_compressed_batches_are_found(CompressionCodec codec)
    {
        using var broker = new MemoryBroker();
        var handle = Filled(broker, codec);

        Assert.Equal((2, 300), Find(handle, 250));
        Assert.Equal((5, 900), FindMax(handle));
    }

    [Theory, MemberData(nameof(TailSizes))]
    public void Pitfall_21_the_largest_timestamp_is_found_and_the_first_of_equal_ones(long tailBytes)
    {
        using var broker = new MemoryBroker(tailBytes);
        var handle = Filled(broker, CompressionCodec.None);
        Assert.Equal((5, 900), FindMax(handle));

        broker.Append(handle, new BatchBuilder().At(900).Record("same").At(10).Record("lower"));
        broker.Lane.Publish();

        Assert.Equal((5, 900), FindMax(handle));
        Assert.Equal(NoMatch, Max(broker.Open(broker.NewManifest(MemoryBroker.PartitionOf(9)))));
    }

    [Theory, MemberData(nameof(TailSizes))]
    public void Records_below_log_start_and_above_the_high_watermark_do_not_count(long tailBytes)
    {
        using var broker = new MemoryBroker(tailBytes);
        var handle = Filled(broker, CompressionCodec.None);
        broker.Append(handle, new BatchBuilder().At(5000).Record("not durable"));
        Assert.Equal(NoMatch, FindRaw(handle, 901));

        // Inside the batch of offsets 1 to 3, past its record of time 300.
        handle.MoveLogStart(new Offset(3));
        Assert.Equal((3, 50), Find(handle, 0));
        Assert.Equal((5, 900), Find(handle, 200));

        handle.MoveLogStart(new Offset(6));
        Assert.Equal((6, 400), FindMax(handle));
    }

    [Fact]
    public void With_log_append_time_all_records_have_the_time_of_their_batch()
    {
        using var broker = new MemoryBroker();
        var handle = broker.Open(new PartitionSettings { LogAppendTime = true });
        var first = broker.Time.GetUtcNow().ToUnixTimeMilliseconds();
        broker.Append(handle, new BatchBuilder().At(1).Records(3));
        broker.Time.Advance(TimeSpan.FromMilliseconds(10));
        broker.Append(handle, new BatchBuilder().At(1).Records(3));
        broker.Lane.Publish();

        Assert.Equal((0, first), Find(handle, 0));
        Assert.Equal((3, first + 10), Find(handle, first + 1));
        Assert.Equal((3, first + 10), FindMax(handle));
        handle.MoveLogStart(new Offset(4));
        Assert.Equal((4, first + 10), Find(handle, 0));
    }

    [Fact]
    public void Extents_and_frames_that_cannot_match_are_not_read()
    {
        using var broker = new MemoryBroker(tailBytes: 0);
        var handle = Filled(broker, CompressionCodec.None);
        var low = broker.Extents.Cut(handle.Id, Offset.Zero, new Offset(3), handle.Epoch);
        var high = broker.Extents.Cut(handle.Id, new Offset(4), new Offset(6), handle.Epoch);
        handle.ApplyManifest(handle.Manifest with { Extents = [low, high] });
        broker.Extents.Fault = extent => extent == low ? new LogException("The wrong extent is read.") : null;

        Assert.Equal((5, 900), Find(handle, 301));
        Assert.Equal((5, 900), FindMax(handle));
    }

    [Fact]
    public void The_match_names_the_epoch_that_the_record_was_appended_in()
    {
        using var broker = new MemoryBroker();
        var handle = broker.Open(broker.NewManifest(MemoryBroker.AnyPartition, epoch: 8));
        broker.AppendDurably(handle, 1);

        Assert.Equal(new LeaderEpoch(8), FindRaw(handle, 0).Epoch);
    }

    [Fact]
    public void Damage_and_closing_are_errors_of_the_answer()
    {
        using var broker = new MemoryBroker(tailBytes: 0);
        var handle = Filled(broker, CompressionCodec.None);
        broker.Extents.Fault = _ => new CorruptBlockException("w/1", 0, "damaged");
        Assert.Equal(ErrorCode.KafkaStorageError, FindRaw(handle, 0).Error);
        Assert.Equal(ErrorCode.KafkaStorageError, Max(handle).Error);

        handle.Close(ErrorCode.NotLeaderOrFollower);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, FindRaw(handle, 0).Error);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, Max(handle).Error);
    }

    public static TheoryData<string, byte[]> BatchesThatNobodyCanLookInto => new()
    {
        { "garbage", new BatchBuilder().At(500).Record("a").Record("b").Edit(static bytes => bytes[RecordBatchLayout.Attributes + 1] = (byte)CompressionCodec.Gzip).Build() },
        { "a trailer that tells another size", new BatchBuilder().At(500).Codec(CompressionCodec.Gzip).Record("a").Record("b").Edit(static bytes => bytes[^1] ^= 0x55).Build() },
        { "more than anybody unpacks", new BatchBuilder().At(500).Codec(CompressionCodec.Zstd).Record((byte[]?)null, new byte[65 * Limits.MiB]).Record("b").Build() },
    };

    // What is compressed is not checked unless the topic asks for it. One such batch must not spoil its partition for all who look up times.
    [Theory, MemberData(nameof(BatchesThatNobodyCanLookInto))]
    public void Pitfall_21_a_batch_that_cannot_be_looked_into_is_judged_by_its_header_and_told_of_once(string what, byte[] batch)
    {
        using var broker = new MemoryBroker();
        var handle = broker.Open();
        broker.Append(handle, new BatchBuilder().At(100).Record("before"));
        broker.Lane.Publish();
        broker.Append(handle, batch);
        broker.Lane.Publish();
        broker.Append(handle, new BatchBuilder().At(300).Record("after").At(900).Record("later"));
        broker.Lane.Publish();

        Assert.Equal((0, 100), Find(handle, 50));
        Assert.Equal((1, 500), Find(handle, 200));
        Assert.Equal((4, 900), Find(handle, 501));
        Assert.Equal((4, 900), FindMax(handle));
        handle.MoveLogStart(new Offset(2));
        Assert.Equal((2, 500), Find(handle, 0));
        Assert.Empty(broker.ReadFailures);
        Assert.True(broker.Unreadable.Count == 1 && broker.Unreadable[0].Contains("offset 1", StringComparison.Ordinal), what);
    }

    // Offsets 0: 100; 1..3: 100, 300, 50; 4: 20; 5: 900; 6: 400.
    private static PartitionHandle Filled(MemoryBroker broker, CompressionCodec codec)
    {
        var handle = broker.Open();
        broker.Append(handle, new BatchBuilder().Codec(codec).At(100).Record("a"));
        broker.Append(handle, new BatchBuilder().Codec(codec).At(100).Record("b").At(300).Record("c").At(50).Record("d"));
        broker.Lane.Publish();
        broker.Append(handle, new BatchBuilder().Codec(codec).At(20).Record("e"));
        broker.Append(handle, new BatchBuilder().Codec(codec).At(900).Record("f"));
        broker.Lane.Publish();
        broker.Append(handle, new BatchBuilder().Codec(codec).At(400).Record("g"));
        broker.Lane.Publish();
        return handle;
    }

    private static (long Offset, long Timestamp) Find(PartitionHandle handle, long timestamp) => Found(FindRaw(handle, timestamp));

    private static (long Offset, long Timestamp) FindMax(PartitionHandle handle) => Found(Max(handle));

    private static (long Offset, long Timestamp) Found(TimestampMatch match)
    {
        Assert.Equal(ErrorCode.None, match.Error);
        return (match.Offset.Value, match.TimestampMs);
    }

    private static TimestampMatch FindRaw(PartitionHandle handle, long timestamp) =>
        handle.FindTimestampAsync(timestamp, TestContext.Current.CancellationToken).AsTask().GetAwaiter().GetResult();

    private static TimestampMatch Max(PartitionHandle handle) =>
        handle.FindMaxTimestampAsync(TestContext.Current.CancellationToken).AsTask().GetAwaiter().GetResult();
}
