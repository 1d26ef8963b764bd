using OrleansStream.Log.Serving;

namespace OrleansStream.Grains.Partitions;

/// <summary>The settings of the broker's own journal partitions: nothing but a snapshot ever shortens them.</summary>
internal static class HiddenPartitions
{
    public static PartitionSettings Settings { get; } = new() { Deletes = false, RetentionMs = -1, RetentionBytes = -1 };
}
