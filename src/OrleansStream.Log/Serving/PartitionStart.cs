using OrleansStream.Log.Manifests;
using OrleansStream.Log.Producers;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Serving;

/// <summary>From what a handle goes on: what the claim of the partition wrote and found (rules O5 and O6).</summary>
public sealed record PartitionStart
{
    /// <summary>The manifest as the claim wrote it; the handle has its epoch.</summary>
    public required Manifest Manifest { get; init; }

    /// <summary>
    /// The next offset to be given, and the first high watermark: the largest of log start, last extent + 1 and last published frame of this session + 1.
    /// </summary>
    public required Offset LogEnd { get; init; }

    /// <summary>Rebuilt from snapshot and frames up to <see cref="LogEnd"/>; the handle owns it from now on. Null where the log has no record yet.</summary>
    internal ProducerStates? Producers { get; init; }

    /// <summary>Bytes of the log that were read for <see cref="Producers"/>, since no snapshot holds them.</summary>
    internal long ReplayedBytes { get; init; }

    public required PartitionSettings Settings { get; init; }
}
