using System.Runtime.CompilerServices;
using OrleansStream.Log.Blocks;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Reading;

/// <summary>The verified directory of one block, in an order in which a partition's frames are found without a walk.</summary>
internal sealed class BlockDirectory
{
    private readonly Lock _sorting = new();
    private readonly FrameEntry[] _frames;
    private volatile bool _isSorted;

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
    }

    public string Name { get; }

    public Slot Slot { get; }

    /// <summary>The byte of the block behind its last frame, or a few bytes behind that.</summary>
    public int FrameEnd { get; }

    /// <summary>How many requests it took to read it: none if this broker wrote the block.</summary>
    public int Requests { get; init; }

    /// <summary>Memory that it takes.</summary>
    public int ChargedBytes => 256 + (_frames.Length * Unsafe.SizeOf<FrameEntry>());

    /// <summary>All frames: partition by partition, those of one partition in offset order.</summary>
    public ReadOnlySpan<FrameEntry> Frames => Sorted;

    /// <summary>The partition's frames in offset order.</summary>
    public ReadOnlySpan<FrameEntry> FramesOf(PartitionId partition)
    {
        var frames = Sorted;
        var first = FirstAtOrAbove(frames, partition, after: false);
        return frames.AsSpan(first, FirstAtOrAbove(frames, partition, after: true) - first);
    }

    // By whom first looks into it: that of a block just published is made while its acknowledgements wait, and mostly nobody looks.
    private FrameEntry[] Sorted
    {
        get
        {
            if (_isSorted) return _frames;
            lock (_sorting)
            {
                if (!_isSorted) Array.Sort(_frames, FrameEntry.ByOffset);
                _isSorted = true;
            }

            return _frames;
        }
    }

    private static int FirstAtOrAbove(FrameEntry[] frames, PartitionId partition, bool after)
    {
        int low = 0, high = frames.Length;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            var order = frames[middle].Partition.CompareTo(partition);
            if (order < 0 || (after && order == 0)) low = middle + 1;
            else high = middle;
        }

        return low;
    }
}
