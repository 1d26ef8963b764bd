using OrleansStream.Log.Lanes;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Tests.Lanes;

/// <summary>A store that keeps the written blocks in memory, and fails or refuses when told to.</summary>
internal sealed class MemoryStore : ILaneStore
{
    public List<(Slot Slot, byte[] Bytes)> Blocks { get; } = [];

    /// <summary>How many blocks each write had.</summary>
    public List<int> Writes { get; } = [];

    public List<Slot> Forgotten { get; } = [];

    /// <summary>What the next write throws, after the blocks were taken.</summary>
    public Exception? Failure { get; set; }

    public EnqueueStatus Space { get; set; } = EnqueueStatus.Accepted;

    /// <summary>What is answered to journals; null for what everybody gets.</summary>
    public EnqueueStatus? SpaceForJournal { get; set; }

    public long RegionNumber { get; set; }

    /// <summary>False: written blocks stay undurable until <see cref="Tend"/> is told that it is the last time.</summary>
    public bool SyncsAlways { get; set; } = true;

    public Action? OnWrite { get; set; }

    public Slot DurableEnd { get; private set; }

    public EnqueueStatus Reserve(int bytes) => Space;

    public EnqueueStatus ReserveForJournal(int bytes) => SpaceForJournal ?? Space;

    public void Write(ReadOnlySpan<LaneBlock> blocks)
    {
        Writes.Add(blocks.Length);
        foreach (var block in blocks)
        {
            block.Region = RegionNumber;
            Blocks.Add((block.Slot, block.Stored.ToArray()));
        }

        OnWrite?.Invoke();
        if (Failure is { } failure) throw failure;
        if (SyncsAlways) DurableEnd = blocks[^1].Slot.Next;
    }

    public TimeSpan Tend(bool isLast)
    {
        if (isLast && Blocks.Count > 0) DurableEnd = Blocks[^1].Slot.Next;
        return Timeout.InfiniteTimeSpan;
    }

    public void Forget(Slot below) => Forgotten.Add(below);
}
