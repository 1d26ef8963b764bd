using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Serving;
using OrleansStream.Model;
using OrleansStream.Model.Compression;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;
using OrleansStream.Testing.Records;
using OrleansStream.Testing.Serving;

namespace OrleansStream.Log.Tests.Serving;

public sealed class AppendTests
{
    [Fact]
    public void An_append_is_answered_when_its_block_is_durable_and_not_before()
    {
        using var broker = new MemoryBroker();
        var handle = broker.Open();

        broker.Append(handle, new BatchBuilder().Records(3));
        Assert.Empty(broker.Appends.All);
        Assert.Equal(Offset.Zero, handle.HighWatermark);

        broker.Lane.Write();
        Assert.Empty(broker.Appends.All);

        broker.Lane.Dispatch();
        Assert.Equal(ErrorCode.None, broker.Appends.Last.Error);
        Assert.Equal(Offset.Zero, broker.Appends.Last.BaseOffset);
        Assert.Equal(-1, broker.Appends.Last.LogAppendTimeMs);
        Assert.Equal(new Offset(3), handle.HighWatermark);
    }

    [Fact]
    public void Offsets_follow_one_another_and_answers_come_in_their_order()
    {
        using var broker = new MemoryBroker();
        var handle = broker.Open();

        for (var records = 1; records <= 4; records++) broker.Append(handle, new BatchBuilder().Records(records));
        broker.Lane.Publish();

        Assert.Equal([0, 1, 2, 3], broker.Appends.Tokens);
        Assert.Equal([0, 1, 3, 6], broker.Appends.All.Select(append => append.Outcome.BaseOffset.Value));
        Assert.Equal(new Offset(10), handle.HighWatermark);
    }

    // Pitfall 20: what is stored is what was sent, but for the 12 bytes outside the CRC.
    [Theory]
    [InlineData(CompressionCodec.None)]
    [InlineData(CompressionCodec.Gzip)]
    [InlineData(CompressionCodec.Snappy)]
    [InlineData(CompressionCodec.Lz4)]
    [InlineData(CompressionCodec.Zstd)]
    public void Pitfall_20_a_batch_is_stored_byte_for_byte_with_offset_and_epoch_patched(CompressionCodec codec)
    {
        using var broker = new MemoryBroker();
        var handle = broker.Open(broker.NewManifest(MemoryBroker.AnyPartition, epoch: 5));
        broker.AppendDurably(handle, 2);

        var sent = new BatchBuilder().Records(50, valueBytes: 100).Codec(codec).Build();
        broker.Append(handle, sent);
        broker.Lane.Publish();

        var expected = sent.ToArray();
        RecordBatchPatch.Place(expected, new Offset(2), new LeaderEpoch(5));
        var stored = broker.Lane.Store.Find(handle.Id, Slot.Zero, new Slot(long.MaxValue), new Offset(2)).Single();
        Assert.Equal(expected, stored.Bytes);
    }

    // Pitfall 19: LogAppendTime changes covered bytes; both checksums must follow.
    [Fact]
    public void Pitfall_19_log_append_time_is_stamped_with_a_new_batch_checksum_and_a_right_frame_checksum()
    {
        using var broker = new MemoryBroker();
        var handle = broker.Open(new PartitionSettings { LogAppendTime = true });
        broker.Time.Advance(TimeSpan.FromSeconds(7));
        var now = broker.Time.GetUtcNow().ToUnixTimeMilliseconds();

        broker.Append(handle, new BatchBuilder().Records(3));
        broker.Lane.Publish();

        var stored = broker.Lane.Store.Find(handle.Id, Slot.Zero, new Slot(long.MaxValue), Offset.Zero).Single();
        Assert.True(RecordBatchHeader.TryRead(stored.Bytes, out var header));
        Assert.Equal(TimestampType.LogAppendTime, header.TimestampType);
        Assert.Equal(now, header.MaxTimestamp);
        Assert.Equal(now, stored.Entry.MaxTimestampMs);
        Assert.Equal(Crc32C.Hash(stored.Bytes.AsSpan(RecordBatchLayout.CrcStart)), header.Crc);
        Assert.Equal(Crc32C.Hash(stored.Bytes), stored.Entry.Checksum);
        Assert.Equal(now, broker.Appends.Last.LogAppendTimeMs);
    }

    [Theory]
    [InlineData(1, 10)]
    [InlineData(1, 5000)]
    [InlineData(300, 100)]
    public void The_frame_checksum_is_that_of_the_stored_bytes(int records, int valueBytes)
    {
        using var broker = new MemoryBroker();
        var handle = broker.Open();
        broker.AppendDurably(handle, 1);

        broker.Append(handle, new BatchBuilder().Records(records, valueBytes));
        broker.Lane.Publish();

        var stored = broker.Lane.Store.Find(handle.Id, Slot.Zero, new Slot(long.MaxValue), new Offset(1)).Single();
        Assert.Equal(Crc32C.Hash(stored.Bytes), stored.Entry.Checksum);
    }

    [Fact]
    public void Bytes_behind_the_batch_are_not_stored()
    {
        using var broker = new MemoryBroker();
        var handle = broker.Open();
        var batch = new BatchBuilder().Record("a").Build();

        broker.Append(handle, [.. batch, 1, 2, 3]);
        broker.Lane.Publish();

        Assert.Equal(ErrorCode.None, broker.Appends.Last.Error);
        Assert.Equal(batch.Length, handle.SizeBytes);
    }

    [Fact]
    public void A_refused_batch_takes_no_offset_and_disturbs_nobody()
    {
        using var broker = new MemoryBroker();
        var handle = broker.Open();
        var damaged = new BatchBuilder().Record("x").Build();
        damaged[^1] ^= 1;

        broker.Append(handle, damaged);
        Assert.Equal(ErrorCode.CorruptMessage, broker.Appends.Last.Error);
        Assert.Equal(Offset.None, broker.Appends.Last.BaseOffset);
        Assert.NotNull(broker.Appends.Last.Message);

        broker.Append(handle, new BatchBuilder().Record("y"));
        broker.Lane.Publish();
        Assert.Equal(Offset.Zero, broker.Appends.Last.BaseOffset);
    }

    // Pitfall 27: the limit is on the batch as it is sent, both sides of it.
    [Theory]
    [InlineData(0, ErrorCode.None)]
    [InlineData(1, ErrorCode.MessageTooLarge)]
    public void Pitfall_27_max_message_bytes_bounds_the_compressed_batch_with_its_header(int tooMany, ErrorCode expected)
    {
        using var broker = new MemoryBroker();
        var batch = new BatchBuilder().Records(200, valueBytes: 100).Codec(CompressionCodec.Gzip).Build();
        var handle = broker.Open(new PartitionSettings { MaxMessageBytes = batch.Length - tooMany });

        broker.Append(handle, batch);
        broker.Lane.Publish();

        Assert.Equal(expected, broker.Appends.Last.Error);
    }

    [Fact]
    public void The_largest_frame_goes_through_and_a_larger_one_is_refused_whatever_the_topic_allows()
    {
        using var broker = new MemoryBroker();
        var handle = broker.Open(new PartitionSettings { MaxMessageBytes = int.MaxValue });
        var overhead = new BatchBuilder().Records(1, Limits.MiB * 15).Build().Length - (Limits.MiB * 15);

        broker.Append(handle, new BatchBuilder().Records(1, BlockLayout.MaxFrameBytes - overhead));
        broker.Lane.Publish();
        Assert.Equal(ErrorCode.None, broker.Appends.Last.Error);

        broker.Append(handle, new BatchBuilder().Records(1, BlockLayout.MaxFrameBytes - overhead + 1));
        Assert.Equal(ErrorCode.MessageTooLarge, broker.Appends.Last.Error);
    }

    [Fact]
    public void Changed_settings_hold_for_the_next_append()
    {
        using var broker = new MemoryBroker();
        var handle = broker.Open();
        broker.AppendDurably(handle, 1);

        handle.Configure(new PartitionSettings { Compacted = true });
        broker.Append(handle, new BatchBuilder().Record("without a key"));

        Assert.Equal(ErrorCode.InvalidRecord, broker.Appends.Last.Error);
        Assert.Equal(0, broker.Appends.Last.RecordIndex);
    }

    [Fact]
    public void A_transactional_batch_is_refused()
    {
        using var broker = new MemoryBroker();
        broker.Append(broker.Open(), BatchBuilder.OfProducer(1, 0, 0).Record("a").Transactional());

        Assert.Equal(ErrorCode.TransactionalIdAuthorizationFailed, broker.Appends.Last.Error);
    }

    [Fact]
    public async Task A_full_lane_takes_nothing_and_has_room_after_it_published()
    {
        using var broker = new MemoryBroker(openBytes: 16 * Limits.MiB);
        var handle = broker.Open(new PartitionSettings { MaxMessageBytes = int.MaxValue });
        var batch = new BatchBuilder().Records(1, 5 * Limits.MiB).Build();
        broker.Append(handle, batch);
        broker.Append(handle, batch);

        Assert.Equal(AppendStatus.Full, handle.Append(batch, new AppendContext(true), broker.Appends, 99));
        var room = handle.RoomAsync(TestContext.Current.CancellationToken);
        Assert.False(room.IsCompleted);

        broker.Lane.Publish();
        await room;
        broker.Append(handle, batch);
        broker.Lane.Publish();
        Assert.Equal([0, 1, 2], broker.Appends.Tokens);
        Assert.Equal(new Offset(2), broker.Appends.Last.BaseOffset);
    }

    [Fact]
    public void Without_disk_space_produce_is_refused_fetch_goes_on_and_space_may_return()
    {
        using var broker = new MemoryBroker();
        var handle = broker.Open();
        broker.AppendDurably(handle, 1);

        broker.Lane.Store.Space = EnqueueStatus.NoSpace;
        broker.Append(handle, new BatchBuilder().Record("b"));
        Assert.Equal(ErrorCode.KafkaStorageError, broker.Appends.Last.Error);
        Assert.True(handle.IsOwner);
        Assert.Equal(1, Reading.Count(handle, Offset.Zero));

        broker.Lane.Store.Space = EnqueueStatus.Accepted;
        broker.Append(handle, new BatchBuilder().Record("b"));
        broker.Lane.Publish();
        Assert.Equal(new Offset(1), broker.Appends.Last.BaseOffset);
    }

    [Fact]
    public void An_append_in_the_steady_state_allocates_nothing()
    {
        using var broker = new MemoryBroker();
        broker.Lane.Store.Keeps = false;
        var handle = broker.Open();
        var batch = new BatchBuilder().Record("some value").Build();
        var counter = new CountingCompletion();
        for (var round = 0; round < 20; round++) Append(200);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var token = 0; token < 200; token++) handle.Append(batch, new AppendContext(true), counter, token);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        broker.Lane.Publish();

        Assert.Equal(21 * 200, counter.Succeeded);

        // A block and its lease, which a debug build notes: nothing for each append.
        Assert.InRange(allocated, 0, 2_000);

        void Append(int count)
        {
            for (var token = 0; token < count; token++) handle.Append(batch, new AppendContext(true), counter, token);
            broker.Lane.Publish();
        }
    }
}
