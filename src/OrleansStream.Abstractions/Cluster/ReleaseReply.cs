namespace OrleansStream.Abstractions.Cluster;

/// <summary>What a broker says when it is asked to let go of a partition, or to make ready for it.</summary>
/// <param name="IsReleased">False: the session is not the broker's current one, or the manifest names another.</param>
/// <param name="Log">What to claim, as docs/formats/released-log.md has it, or a part of it. Empty if nothing was made ready.</param>
/// <param name="Answer">Set if <see cref="Log"/> is a part: ask for the rest by this name.</param>
/// <param name="TotalBytes">How long the whole is.</param>
/// <param name="Producers">Of a preparation: the producers of the log, as docs/formats/producer-snapshot.md has it; null if they are to be read.</param>
/// <param name="ProducerBytes">With <see cref="Producers"/>: bytes of batches that are in no stored snapshot.</param>
[GenerateSerializer, Immutable, Alias("os.ReleaseReply")]
public sealed record ReleaseReply(bool IsReleased, byte[] Log, Guid? Answer, int TotalBytes, byte[]? Producers = null, long ProducerBytes = 0);
