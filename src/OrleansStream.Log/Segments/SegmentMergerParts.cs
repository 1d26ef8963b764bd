using OrleansStream.Log.Blocks;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Retention;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Segments;

/// <summary>What merging takes.</summary>
public sealed class SegmentMergerParts
{
    public required IManifestStore Store { get; init; }

    public required ManifestEditor Manifests { get; init; }

    /// <summary>Where segments stand.</summary>
    public required IObjectStore Objects { get; init; }

    /// <summary>Reads segments, in the background.</summary>
    public required IExtentReader Extents { get; init; }

    public required SlabPool Slabs { get; init; }

    /// <summary>The open partitions: no others are merged.</summary>
    public required HandleTable Handles { get; init; }

    /// <summary>Told of segments that are to be deleted.</summary>
    public required PendingObjects Pending { get; init; }

    /// <summary>For names. Locked while it is used.</summary>
    public required Random Random { get; init; }

    public required TimeProvider Time { get; init; }

    public MergeOptions Options { get; init; } = new();

    public SegmentOptions Segments { get; init; } = new();

    /// <summary>Told of a partition that could not be merged: its segments stay as they are. Must not throw.</summary>
    public Action<PartitionId, LogException>? OnFailed { get; init; }

    internal SegmentNaming Naming => new(Store, Manifests, Objects);

    internal CutParts Cut => new(Objects, Slabs, Segments.IndexIntervalBytes, NewUnique) { MaxBytes = Options.MaxBytes, ClusterGeneration = Store.ClusterGeneration };

    private Guid NewUnique()
    {
        Span<byte> bytes = stackalloc byte[16];
        lock (Random) Random.NextBytes(bytes);
        return new Guid(bytes);
    }
}
