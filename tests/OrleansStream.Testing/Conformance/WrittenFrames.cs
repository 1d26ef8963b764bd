using OrleansStream.Log.Manifests;
using OrleansStream.Model.Ids;

namespace OrleansStream.Testing.Conformance;

/// <summary>What a test has written to a lane, and what a read of it must give: found by looking through all of it.</summary>
internal sealed class WrittenFrames
{
    private readonly List<WrittenFrame> _frames = [];
    private readonly Dictionary<int, long> _ends = [];

    public bool Any => _frames.Count > 0;

    /// <summary>The next frame of a partition.</summary>
    public WrittenFrame Next(int partition, int offsets, int length)
    {
        var start = _ends.GetValueOrDefault(partition);
        _ends[partition] = start + offsets;
        return new WrittenFrame(partition, start, start + offsets - 1, length);
    }

    /// <summary>A published frame of the partition, to be appended again; null if there is none.</summary>
    public WrittenFrame? ToCarry(int partition, Random chance)
    {
        var candidates = _frames.Where(frame => frame.Partition == partition).ToList();
        return candidates.Count == 0 ? null : candidates[chance.Next(candidates.Count)];
    }

    /// <summary>A frame was published.</summary>
    public void Publish(WrittenFrame frame) => _frames.Add(frame);

    /// <summary>The partition's frames in the extent, each once, in offset order.</summary>
    public List<WrittenFrame> Within(WalExtent extent, int partition) =>
    [
        .. _frames
            .Where(frame => frame.Partition == partition && frame.Slot >= extent.FirstSlot.Value && frame.Slot <= extent.LastSlot.Value)
            .Where(frame => frame.Base >= extent.BaseOffset.Value && frame.Last <= extent.LastOffset.Value)
            .DistinctBy(frame => frame.Base)
            .OrderBy(frame => frame.Base),
    ];

    /// <summary>Base offsets of the frames that a read gives.</summary>
    public List<long> Expected(WalExtent extent, int partition, long from, int maxBytes)
    {
        var offsets = new List<long>();
        long bytes = 0;
        foreach (var frame in Within(extent, partition).Where(frame => frame.Last >= from))
        {
            if (offsets.Count > 0 && bytes + frame.Length > maxBytes) break;
            offsets.Add(frame.Base);
            bytes += frame.Length;
            if (bytes >= maxBytes) break;
        }

        return offsets;
    }
}

/// <summary>A frame that was written.</summary>
internal sealed record WrittenFrame(int Partition, long Base, long Last, int Length, long Slot = -1);
