using OrleansStream.Log.Blocks;
using OrleansStream.Log.Storage;

namespace OrleansStream.Log.Segments;

/// <summary>What cutting segments takes.</summary>
/// <param name="Objects">Where segments go.</param>
/// <param name="Slabs">For what is being cut.</param>
/// <param name="IndexIntervalBytes">Bytes between two entries of the sparse index.</param>
/// <param name="NewUnique">Gives a part of a name that was never used.</param>
internal sealed record CutParts(IObjectStore Objects, SlabPool Slabs, int IndexIntervalBytes, Func<Guid> NewUnique)
{
    /// <summary>Size at which a segment is closed; it is in memory until then.</summary>
    public required int MaxBytes { get; init; }

    /// <summary>Of the cluster: stands in each segment (rule M5).</summary>
    public int ClusterGeneration { get; init; }

    /// <summary>How many bytes segments may take now.</summary>
    public Func<long> Space { get; init; } = static () => long.MaxValue;
}
