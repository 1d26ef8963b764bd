using OrleansStream.Log.Blocks;
using OrleansStream.Log.Serving;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Tests.Serving;

/// <summary>Reads in tests. All reads complete at once, since their storage is memory.</summary>
internal static class Reading
{
    public static ReadOutcome Read(PartitionHandle handle, Offset from, FrameList into, int maxBytes = Limits.MiB, bool atLeastOne = true)
    {
        var read = handle.ReadAsync(new ReadRequest(from, maxBytes, atLeastOne, Committed: false), into, TestContext.Current.CancellationToken).AsTask();
        Assert.True(read.IsCompleted);
        return read.GetAwaiter().GetResult();
    }

    /// <summary>How many frames a read gives.</summary>
    public static int Count(PartitionHandle handle, Offset from, int maxBytes = Limits.MiB, bool atLeastOne = true) =>
        BaseOffsets(handle, from, maxBytes, atLeastOne).Length;

    /// <summary>The base offsets of what a read gives, which must be no error.</summary>
    public static long[] BaseOffsets(PartitionHandle handle, Offset from, int maxBytes = Limits.MiB, bool atLeastOne = true)
    {
        using var frames = new FrameList();
        Assert.Equal(Model.Errors.ErrorCode.None, Read(handle, from, frames, maxBytes, atLeastOne).Error);
        return [.. Enumerable.Range(0, frames.Count).Select(index => frames[index].Entry.BaseOffset.Value)];
    }

    /// <summary>The base offsets of everything from an offset on, read as a consumer does: from the end of each answer. An answer without data below the high watermark would stall it.</summary>
    public static long[] All(PartitionHandle handle, Offset from)
    {
        var all = new List<long>();
        while (from < handle.HighWatermark)
        {
            using var frames = new FrameList();
            Assert.Equal(Model.Errors.ErrorCode.None, Read(handle, from, frames).Error);
            Assert.NotEqual(0, frames.Count);
            for (var index = 0; index < frames.Count; index++) all.Add(frames[index].Entry.BaseOffset.Value);
            from = frames[frames.Count - 1].Entry.LastOffset + 1;
        }

        return [.. all];
    }
}
