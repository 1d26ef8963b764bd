using OrleansStream.Abstractions.Topics;
using OrleansStream.Log.Serving;

namespace OrleansStream.Grains.Partitions;

/// <summary>In which order partitions are handed over, and which of them with a notice to their producers first.</summary>
/// <param name="Unannounced">Nobody uses them now, so that nobody is to be told.</param>
/// <param name="Waves">Those in use, in the groups in which they are announced and then move.</param>
/// <param name="Journals">Last: a commit of offsets that is under way for a topic still finds its journal. The catalog is the very last.</param>
internal sealed record HandOverPlan(IReadOnlyList<PartitionHandle> Unannounced, IReadOnlyList<PartitionHandle[]> Waves, IReadOnlyList<PartitionHandle> Journals)
{
    // A claim is some requests to storage, and clients that were told cause the claims of a wave within about the time of the notice.
    private const int SmallestWave = 20;

    // However many partitions move, they are announced within about so many times the notice.
    private const int MostWaves = 8;

    // A broker that has just begun is slow at whatever it does for the first time, and so is one that hands over for the first time.
    private const int FirstWave = 8;

    // What nobody has touched for so long has no client that a refusal would hold up.
    private static readonly TimeSpan Unused = TimeSpan.FromSeconds(30);

    public static HandOverPlan Of(IEnumerable<PartitionHandle> due)
    {
        var (idle, used, journals) = (new List<PartitionHandle>(), new List<PartitionHandle>(), new List<PartitionHandle>());
        foreach (var handle in due)
        {
            (HiddenTopics.Contains(handle.Id.Topic) ? journals : handle.IdleFor < Unused ? used : idle).Add(handle);
        }

        return new HandOverPlan(
            idle,
            [.. used.Take(FirstWave).ToArray() is { Length: > 0 } first ? new[] { first } : [], .. used.Skip(FirstWave).Chunk(Math.Max(SmallestWave, (used.Count + MostWaves - 1) / MostWaves))],
            [.. journals.OrderBy(static handle => handle.Id.Topic == HiddenTopics.Catalog)]);
    }
}
