using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Segments;

/// <summary>What splitting takes.</summary>
public sealed class SplitterParts
{
    public required IManifestStore Store { get; init; }

    public required ManifestEditor Manifests { get; init; }

    /// <summary>Where segments go.</summary>
    public required IObjectStore Objects { get; init; }

    /// <summary>Reads WAL extents, on threads of its own.</summary>
    public required IExtentReader Extents { get; init; }

    /// <summary>Reads whole passes over blocks, each of them once for all partitions. Null: each partition's extents are read by themselves, which on a disk costs nothing.</summary>
    public IBlockFrames? Blocks { get; init; }

    public required SlabPool Slabs { get; init; }

    public required HandleTable Handles { get; init; }

    /// <summary>The lane of the current session, ended or not.</summary>
    public required Func<ILane> CurrentLane { get; init; }

    /// <summary>Claims a partition that an ended session still owns (rule R5). Null if that did not succeed: its topic is deleted, or storage failed.</summary>
    public required Func<PartitionId, CancellationToken, ValueTask<PartitionHandle?>> Open { get; init; }

    /// <summary>
    /// Whether an open of the partition is under way; true until its handle is published. Its claim stands in the manifest before anybody serves by it, and
    /// a split in between would take away what the open is about to read. A release counts as one (rule L2): a split beside it would change the manifest
    /// that it answers with.
    /// </summary>
    public required Func<PartitionId, bool> IsOpening { get; init; }

    /// <summary>For names. Locked while it is used.</summary>
    public required Random Random { get; init; }

    public required TimeProvider Time { get; init; }

    /// <summary>
    /// How many bytes segments may take now: what is free above the reserve that trims and stops need. A partition that needs more is not begun, and
    /// is looked at again at the next call. No bound unless set.
    /// </summary>
    public Func<long> Space { get; init; } = static () => long.MaxValue;

    /// <summary>Partitions whose segments are written and named at once, when they were cut in one pass. 1 to 64; 1 unless set: on files one thread writes them all.</summary>
    public int WritesAtOnce { get; init; } = 1;

    public SegmentOptions Segments { get; init; } = new();

    public SplitOptions Options { get; init; } = new();

    /// <summary>Whether nobody waits for the space: then the splitter works half of the time, so that producers keep their latency. Never unless set.</summary>
    public Func<bool> MayRest { get; init; } = static () => false;

    /// <summary>Told of a partition that could not be split: its bytes stay where they are. Must not throw.</summary>
    public Action<PartitionId, LogException>? OnFailed { get; init; }

    internal SegmentNaming Naming => new(Store, Manifests, Objects);

    internal CutParts Cut => new(Objects, Slabs, Segments.IndexIntervalBytes, NewUnique) { MaxBytes = Segments.MaxBytes, Space = Space, ClusterGeneration = Store.ClusterGeneration };

    private Guid NewUnique()
    {
        Span<byte> bytes = stackalloc byte[16];
        lock (Random) Random.NextBytes(bytes);
        return new Guid(bytes);
    }
}
