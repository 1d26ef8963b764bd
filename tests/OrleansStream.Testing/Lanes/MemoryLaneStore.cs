using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Testing.Lanes;

/// <summary>A lane's store in memory: keeps a copy of every frame, and fails or is full when a test says so.</summary>
public sealed class MemoryLaneStore : ILaneStore
{
    private readonly List<StoredFrame> _frames = [];

    public Slot DurableEnd { get; private set; }

    /// <summary>What the next write fails with; null for none.</summary>
    public DiskException? Failure { get; set; }

    /// <summary>Called in the middle of each write.</summary>
    public Action? OnWrite { get; set; }

    /// <summary>What reserving answers.</summary>
    public EnqueueStatus Space { get; set; } = EnqueueStatus.Accepted;

    /// <summary>Whether frames are kept for reading. A benchmark that writes gigabytes says no.</summary>
    public bool Keeps { get; set; } = true;

    /// <summary>Bytes of all frames that were written since the start.</summary>
    public long FrameBytes { get; private set; }

    public EnqueueStatus Reserve(int bytes) => Space;

    public void Write(ReadOnlySpan<LaneBlock> blocks)
    {
        OnWrite?.Invoke();
        if (Failure is { } failure) throw failure;
        foreach (var block in blocks)
        {
            DurableEnd = block.Slot.Next;
            foreach (var entry in block.Frames) FrameBytes += entry.Length;
            if (!Keeps) continue;
            lock (_frames)
            {
                foreach (var entry in block.Frames) _frames.Add(new StoredFrame(block.Slot, entry, block.Stored.Slice(entry.Position, entry.Length).ToArray()));
            }
        }
    }

    public TimeSpan Tend(bool isLast) => Timeout.InfiniteTimeSpan;

    public void Forget(Slot below)
    {
    }

    /// <summary>Frames of a partition in these slots from an offset on, in offset order; of several copies the one in the highest slot.</summary>
    public IReadOnlyList<StoredFrame> Find(PartitionId partition, Slot first, Slot last, Offset from)
    {
        lock (_frames)
        {
            return [.. _frames
                .Where(frame => frame.Entry.Partition == partition && frame.Slot >= first && frame.Slot <= last && frame.Entry.LastOffset >= from)
                .GroupBy(frame => frame.Entry.BaseOffset)
                .Select(copies => copies.MaxBy(frame => frame.Slot.Value)!)
                .OrderBy(frame => frame.Entry.BaseOffset.Value)];
        }
    }
}

/// <summary>A frame as a store has it.</summary>
public sealed record StoredFrame(Slot Slot, FrameEntry Entry, byte[] Bytes);
