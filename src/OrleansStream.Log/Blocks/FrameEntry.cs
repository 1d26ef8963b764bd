using System.Runtime.InteropServices;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Blocks;

/// <summary>One line of a block's directory: whose frame stands where. <see cref="Position"/> counts from the first byte of the block.</summary>
// The fields stand in the order of the stored entry, without gaps but for three bytes behind the kind: directories are read in place.
[StructLayout(LayoutKind.Sequential)]
public readonly record struct FrameEntry
{
    public required PartitionId Partition { get; init; }

    public required LeaderEpoch Epoch { get; init; }

    public required Offset BaseOffset { get; init; }

    public required Offset LastOffset { get; init; }

    /// <summary>Largest record timestamp in milliseconds since 1970, -1 if it has none.</summary>
    public required long MaxTimestampMs { get; init; }

    public required int Position { get; init; }

    public required int Length { get; init; }

    public required FrameKind Kind { get; init; }

    /// <summary>CRC-32C of the frame's bytes as stored, so that one frame can be verified without the rest of its block.</summary>
    public required uint Checksum { get; init; }

    /// <summary>Partition by partition, those of one partition by offset. Of copies the one that stands first in the block comes first.</summary>
    public static Comparison<FrameEntry> ByOffset { get; } = static (left, right) =>
    {
        var order = left.Partition.CompareTo(right.Partition);
        if (order == 0) order = left.BaseOffset.CompareTo(right.BaseOffset);
        return order != 0 ? order : left.Position.CompareTo(right.Position);
    };
}
