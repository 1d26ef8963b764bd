using System.Runtime.CompilerServices;
using OrleansStream.Log.Blocks;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Reading;

/// <summary>The verified directory of one block, in an order in which a partition's frames are found without a walk.</summary>
internal sealed class BlockDirectory
{
    private readonly FrameEntry[] _frames;

    /// <param name="name">The blob's.</param>
    /// <param name="slot">Its own.</param>
    /// <param name="frameEnd">See <see cref="FrameEnd"/>.</param>
    /// <param name="frames">Verified, in any order; copied.</param>
    public BlockDirectory(string name, Slot slot, int frameEnd, ReadOnlySpan<FrameEntry> frames)
    {
        Name = name;
        Slot = slot;
        FrameEnd = frameEnd;
        _frames = frames.ToArray();
        Array.Sort(_frames, FrameEntry.ByOffset);
    }

    public string Name { get; }

    public Slot Slot { get; }

    /// <summary>The byte of the block behind its last frame, or a few bytes behind that.</summary>
    public int FrameEnd { get; }

    /// <summary>Memory that it takes.</summary>
    public int ChargedBytes => 256 + (_frames.Length * Unsafe.SizeOf<FrameEntry>());

    /// <summary>All frames: partition by partition, those of one partition in offset order.</summary>
    public ReadOnlySpan<FrameEntry> Frames => _frames;

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
}
