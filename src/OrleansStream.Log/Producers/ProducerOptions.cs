using OrleansStream.Model.Options;

namespace OrleansStream.Log.Producers;

/// <summary>How long, and of how many, a partition remembers idempotent producers.</summary>
public sealed class ProducerOptions
{
    public const string Section = "OrleansStream:Producers";

    /// <summary>How long after its last batch a producer is forgotten, in milliseconds: <c>producer.id.expiration.ms</c>. From 1; one day unless set. A producer that comes back later may go on with any sequence.</summary>
    [Between(1, int.MaxValue)] public int IdExpirationMs { get; set; } = 86_400_000;

    /// <summary>Producers that one partition remembers. 1 to 100,000; 10,000 unless set, which is at most 3 MB. One more, and the one that was silent longest is forgotten early.</summary>
    [Between(1, MaxPerPartitionLimit)] public int MaxPerPartition { get; set; } = 10_000;

    internal const int MaxPerPartitionLimit = 100_000;
}
