using OrleansStream.Log.Blocks;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;
using OrleansStream.Testing.Storage;

namespace OrleansStream.Log.Tests.Segments;

public sealed class SegmentTests : IDisposable
{
    private const int RunBytes = 4 * Limits.KiB;

    private static readonly PartitionId Partition = new(new TopicId(new Guid(1, 2, 3, new byte[8])), 4);
    private static readonly LeaderEpoch Epoch = new(6);

    private readonly SlabPool _slabs = new();
    private readonly MemoryObjectStore _objects = new();

    public void Dispose()
    {
        Assert.Equal(0, _slabs.Leases.Total);
        _slabs.Dispose();
    }

    [Theory, InlineData(1, 1), InlineData(1, 100_000), InlineData(300, 100), InlineData(40, RunBytes), InlineData(3, 3 * Limits.MiB)]
    public async Task Every_frame_comes_back_as_it_was_from_any_offset(int frames, int length)
    {
        var segment = await WriteAsync(frames, length);
        var reader = new SegmentReader(_objects, _slabs, new SegmentOptions());

        foreach (var from in new[] { 0, 1, frames / 2, frames - 1 }.Distinct().Where(from => from < frames))
        {
            using var list = new FrameList();
            await reader.ReadAsync(Partition, segment, OffsetOf(from), int.MaxValue, list, TestContext.Current.CancellationToken);

            Assert.Equal(frames - from, list.Count);
            for (var i = 0; i < list.Count; i++)
            {
                Assert.Equal(Entry(from + i, length) with { Position = list[i].Entry.Position }, list[i].Entry);
                Assert.True(list[i].Bytes.Span.SequenceEqual(Content(from + i, length)));
            }
        }

        Assert.Equal(frames * (long)length, segment.Bytes);
        Assert.Equal(TimestampOf(frames - 1), segment.MaxTimestampMs);
        Assert.Equal((OffsetOf(0), OffsetOf(frames - 1) + 1), (segment.BaseOffset, segment.LastOffset));
    }

    [Theory, InlineData(0, 1), InlineData(99, 1), InlineData(100, 1), InlineData(199, 1), InlineData(200, 2), InlineData(8200, 82)]
    public async Task A_read_gives_the_first_frame_whatever_its_size_and_then_what_fits(int maxBytes, int expected)
    {
        var segment = await WriteAsync(200, 100);
        using var list = new FrameList();

        await new SegmentReader(_objects, _slabs, new SegmentOptions()).ReadAsync(Partition, segment, OffsetOf(10), maxBytes, list, TestContext.Current.CancellationToken);

        Assert.Equal(expected, list.Count);
        Assert.Equal(OffsetOf(10), list[0].Entry.BaseOffset);
    }

    [Fact]
    public async Task An_offset_inside_a_frame_gives_that_frame_and_one_in_a_gap_the_next()
    {
        var segment = await WriteAsync(10, 100);
        var reader = new SegmentReader(_objects, _slabs, new SegmentOptions());
        using var list = new FrameList();

        await reader.ReadAsync(Partition, segment, OffsetOf(3) + 1, 1, list, TestContext.Current.CancellationToken);
        await reader.ReadAsync(Partition, segment, OffsetOf(3) + 2, 1, list, TestContext.Current.CancellationToken);

        Assert.Equal([OffsetOf(3), OffsetOf(4)], [list[0].Entry.BaseOffset, list[1].Entry.BaseOffset]);
    }

    // Every byte is covered: by a frame's checksum, by its run's, or by the footer's.
    [Fact]
    public async Task Damage_to_any_byte_is_found_and_named()
    {
        var segment = await WriteAsync(12, 1000);
        var bytes = _objects[segment.Name];
        for (var at = 0; at < bytes.Length; at++)
        {
            bytes[at] ^= 0x10;
            using var list = new FrameList();
            var reader = new SegmentReader(_objects, _slabs, new SegmentOptions());
            var read = async () => await reader.ReadAsync(Partition, segment, OffsetOf(0), int.MaxValue, list, TestContext.Current.CancellationToken);

            Assert.Contains(segment.Name, (await Assert.ThrowsAsync<CorruptBlockException>(read)).Message, StringComparison.Ordinal);
            bytes[at] ^= 0x10;
        }
    }

    [Fact]
    public async Task Damage_in_one_run_leaves_the_others_readable()
    {
        var segment = await WriteAsync(40, 1000);
        _objects[segment.Name][20_000] ^= 1;
        var reader = new SegmentReader(_objects, _slabs, new SegmentOptions());
        using var list = new FrameList();

        await reader.ReadAsync(Partition, segment, OffsetOf(0), 2 * RunBytes, list, TestContext.Current.CancellationToken);
        await reader.ReadAsync(Partition, segment, OffsetOf(30), 2 * RunBytes, list, TestContext.Current.CancellationToken);

        Assert.True(list.Count > 10);
    }

    [Fact]
    public async Task A_segment_of_other_data_than_the_manifest_names_is_refused()
    {
        var segment = await WriteAsync(12, 1000);
        var reader = new SegmentReader(_objects, _slabs, new SegmentOptions());
        using var list = new FrameList();
        foreach (var wrong in new[] { segment with { BaseOffset = segment.BaseOffset + 1 }, segment with { LastOffset = segment.LastOffset + 1 }, segment with { Epoch = new LeaderEpoch(5) } })
        {
            await Assert.ThrowsAsync<CorruptBlockException>(async () => await reader.ReadAsync(Partition, wrong, OffsetOf(0), 1, list, TestContext.Current.CancellationToken));
        }

        await Assert.ThrowsAsync<CorruptBlockException>(async () => await reader.ReadAsync(Partition with { Index = 5 }, segment, OffsetOf(0), 1, list, TestContext.Current.CancellationToken));
    }

    // D2: whoever reads what was deleted learns it as a failure, and looks at the extents again.
    [Fact]
    public async Task D2_a_segment_that_is_gone_is_a_failed_read()
    {
        var segment = await WriteAsync(12, 1000);
        await _objects.DeleteAsync(segment.Name, TestContext.Current.CancellationToken);
        using var list = new FrameList();

        await Assert.ThrowsAsync<MissingObjectException>(async () =>
            await new SegmentReader(_objects, _slabs, new SegmentOptions()).ReadAsync(Partition, segment, OffsetOf(0), 1, list, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Indexes_are_kept_up_to_their_bound()
    {
        var options = new SegmentOptions { IndexCacheBytes = 1000 };
        var reader = new SegmentReader(_objects, _slabs, options);
        for (var i = 0; i < 20; i++)
        {
            var segment = await WriteAsync(10, 1000);
            using var list = new FrameList();
            await reader.ReadAsync(Partition, segment, OffsetOf(0), 1, list, TestContext.Current.CancellationToken);
        }

        Assert.InRange(reader.CachedBytes, 500, options.IndexCacheBytes);
    }

    [Fact]
    public async Task A_frame_that_is_not_what_its_entry_says_is_not_written()
    {
        using var writer = new SegmentWriter(_slabs, Partition, Epoch, RunBytes);
        var content = Content(0, 100);
        content[5] ^= 1;
        Assert.Throws<LogException>(() => writer.Add(Entry(0, 100), content));
        await Task.CompletedTask;
    }

    [Fact]
    public void Frames_come_in_offset_order_only()
    {
        using var writer = new SegmentWriter(_slabs, Partition, Epoch, RunBytes);
        writer.Add(Entry(1, 100), Content(1, 100));
        Assert.Throws<ArgumentException>(() => writer.Add(Entry(1, 100), Content(1, 100)));
        Assert.Throws<ArgumentException>(() => writer.Add(Entry(0, 100), Content(0, 100)));
    }

    [Fact]
    public void Names_tell_partition_offset_and_epoch()
    {
        var name = SegmentName.New(Partition, new Offset(0x1234), Epoch, new Guid(9, 9, 9, new byte[8]));
        Assert.Equal("p/", name[..2]);
        Assert.StartsWith(SegmentName.PrefixOf(Partition), name, StringComparison.Ordinal);
        foreach (var one in new[] { name, name + ".snapshot" })
        {
            Assert.True(SegmentName.TryParse(one, out var parsed));
            Assert.Equal(new SegmentName(Partition, new Offset(0x1234), Epoch), parsed);
        }

        foreach (var other in new[] { "", "p/", name[1..], "w" + name[1..], name + "/x", name.Replace("-6-", "-x-", StringComparison.Ordinal) }) Assert.False(SegmentName.TryParse(other, out _));
    }

    [Theory]
    [InlineData(nameof(SegmentOptions.MaxBytes), Limits.MiB - 1), InlineData(nameof(SegmentOptions.MaxBytes), (64 * Limits.MiB) + 1)]
    [InlineData(nameof(SegmentOptions.MaxReadBytes), (64 * Limits.KiB) - 1), InlineData(nameof(SegmentOptions.MaxReadBytes), (8 * Limits.MiB) + 1)]
    [InlineData(nameof(SegmentOptions.IndexIntervalBytes), (4 * Limits.KiB) - 1), InlineData(nameof(SegmentOptions.IndexIntervalBytes), (32 * Limits.MiB) + 1)]
    public void An_option_outside_its_bounds_is_named(string option, int value)
    {
        var options = new SegmentOptions();
        typeof(SegmentOptions).GetProperty(option)!.SetValue(options, value);
        var results = new List<System.ComponentModel.DataAnnotations.ValidationResult>();

        Assert.False(System.ComponentModel.DataAnnotations.Validator.TryValidateObject(options, new(options), results, validateAllProperties: true));
        Assert.Contains(option, results[0].ErrorMessage, StringComparison.Ordinal);
    }

    private async Task<SegmentExtent> WriteAsync(int frames, int length)
    {
        using var writer = new SegmentWriter(_slabs, Partition, Epoch, RunBytes);
        for (var i = 0; i < frames; i++) writer.Add(Entry(i, length), Content(i, length));
        return await writer.WriteAsync(_objects, Guid.NewGuid(), TestContext.Current.CancellationToken);
    }

    // Frames of two offsets with a gap of one between them, as compaction leaves them.
    private static Offset OffsetOf(int frame) => new(1000 + (3L * frame));

    private static long TimestampOf(int frame) => 5_000 + frame;

    private static byte[] Content(int frame, int length)
    {
        var content = new byte[length];
        new Random(frame).NextBytes(content);
        return content;
    }

    private static FrameEntry Entry(int frame, int length) => new()
    {
        Partition = Partition,
        Epoch = new LeaderEpoch(frame % 7),
        BaseOffset = OffsetOf(frame),
        LastOffset = OffsetOf(frame) + 1,
        MaxTimestampMs = TimestampOf(frame),
        Position = 77,
        Length = length,
        Kind = frame % 2 == 0 ? FrameKind.Records : FrameKind.Journal,
        Checksum = Crc32C.Hash(Content(frame, length)),
    };
}
