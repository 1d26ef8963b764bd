using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;

namespace OrleansStream.Log.Ownership;

/// <summary>What letting go of partitions takes.</summary>
public sealed class PartitionReleaseParts
{
    public required IManifestStore Manifests { get; init; }

    public required HandleTable Handles { get; init; }

    /// <summary>The lane of the current session, ended or not.</summary>
    public required Func<ILane> CurrentLane { get; init; }

    /// <summary>Reads what the lane index names.</summary>
    public required IExtentReader Extents { get; init; }

    /// <summary>Where segments go.</summary>
    public required IObjectStore Objects { get; init; }

    public required SlabPool Slabs { get; init; }

    /// <summary>Where releases run, whoever asks.</summary>
    public required TaskScheduler Scheduler { get; init; }

    /// <summary>For names. Locked while it is used.</summary>
    public required Random Random { get; init; }

    public required TimeProvider Time { get; init; }

    /// <summary>Told of each partition that was let go of; null for nobody, and then no time is taken.</summary>
    public Action<MoveTimeline>? Moved { get; init; }

    public SegmentOptions Segments { get; init; } = new();

    internal Guid NewUnique()
    {
        Span<byte> bytes = stackalloc byte[16];
        lock (Random) Random.NextBytes(bytes);
        return new Guid(bytes);
    }
}
