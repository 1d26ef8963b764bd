namespace OrleansStream.Log.Ownership;

/// <summary>The producers of a partition as its owner knows them while it serves: what a claimant would else read out of the whole log.</summary>
/// <param name="Image">As docs/formats/producer-snapshot.md has it. It may know batches that are not yet durable: it counts only together with a release of the same epoch, which waits for them.</param>
/// <param name="Bytes">Bytes of batches that are in no stored snapshot.</param>
public sealed record ServedProducers(byte[] Image, long Bytes);
