namespace OrleansStream.Kafka.Gateway.Connections;

/// <summary>What one answer refuses.</summary>
/// <param name="number">The number of its request on the connection.</param>
internal sealed class Refusal(long number)
{
    private long _lastBefore = long.MaxValue;

    /// <summary>The number of its request on the connection.</summary>
    public long Number { get; } = number;

    /// <summary>The partitions that are remembered by name on its account. The table's, under its lock.</summary>
    public List<(string Topic, int Index)> Partitions { get; } = [];

    /// <summary>When its answer was with the kernel, as a timestamp; null until then. The table's, under its lock.</summary>
    public long? ToldAt { get; set; }

    /// <summary>The table has it. The table's, under its lock.</summary>
    public bool IsListed { get; set; }

    /// <summary>It holds nothing any more, and nothing can come to be held by it. The table's, under its lock.</summary>
    public bool IsForgotten { get; set; }

    /// <summary>It refused partitions that do not exist and are not remembered by name. The table's, under its lock.</summary>
    public bool HasBeyond { get; set; }

    /// <summary>The last request that was read before the client could see the answer; every one, as long as it cannot.</summary>
    public long LastBefore
    {
        get => Volatile.Read(ref _lastBefore);
        set => Volatile.Write(ref _lastBefore, value);
    }
}
