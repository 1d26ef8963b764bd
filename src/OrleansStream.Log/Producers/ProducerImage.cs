using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Producers;

/// <summary>A partition's producers at one moment.</summary>
/// <param name="Encoded">As a snapshot.</param>
/// <param name="CoversTo">Batches below this offset are in it, and none at or above.</param>
/// <param name="Count">How many producers.</param>
/// <param name="Bytes">Bytes of batches that were in no snapshot before.</param>
internal readonly record struct ProducerImage(byte[] Encoded, Offset CoversTo, int Count, long Bytes);
