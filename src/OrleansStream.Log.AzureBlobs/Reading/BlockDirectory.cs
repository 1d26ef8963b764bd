using System.Runtime.CompilerServices;
using OrleansStream.Log.Blocks;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Reading;

/// <summary>The verified directory of one block, in an order in which a partition's frames are found without a walk.</summary>
internal sealed class BlockDirectory
{
    private readonly FrameEntry[] _frames;

    /// <param name="name">The blob's.</param>
    /// <param name="header">Verified, as is the directory.</param>
    /// <param name="frames">In any order; copied.</param>
    public BlockDirectory(string name, in BlockHeader header, ReadOnlySpan<FrameEntry> frames)
    {
        Name = name;
        Slot = header.Slot;
        FrameEnd = header.DirectoryPosition;
        _frames = frames.ToArray();
        Array.Sort(_frames, static (left, right) => Compare(left, right));
    }

    public string Name { get; }

    public Slot Slot { get; }

    /// <summary>The byte of the block behind its last frame, or a few bytes behind that.</summary>
    public int FrameEnd { get; }

    /// <summary>Memory that it takes.</summary>
    public int ChargedBytes => 256 + (_frames.Length * Unsafe.SizeOf<FrameEntry>());

    /// <summary>The partition's frames in offset order.</summary>
    public ReadOnlySpan<FrameEntry> FramesOf(PartitionId partition)
    {
        var first = FirstAtOrAbove(partition, after: false);
        return _frames.AsSpan(first, FirstAtOrAbove(partition, after: true) - first);
    }

    private int FirstAtOrAbove(PartitionId partition, bool after)
    {
        int low = 0, high = _frames.Length;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            var order = _frames[middle].Partition.CompareTo(partition);
            if (order < 0 || (after && order == 0)) low = middle + 1;
            else high = middle;
        }

        return low;
    }

    private static int Compare(in FrameEntry left, in FrameEntry right)
    {
        var order = left.Partition.CompareTo(right.Partition);
        if (order == 0) order = left.BaseOffset.CompareTo(right.BaseOffset);
        return order != 0 ? order : left.Position.CompareTo(right.Position);
    }
}
