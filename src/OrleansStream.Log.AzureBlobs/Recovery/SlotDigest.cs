using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Recovery;

/// <summary>
/// What the writer of a session says of neighbouring slots, all of which it published: which frames they have, and the checksums by which they hang together
/// with the slots around them. An aid, not a truth: where there is none, or none that verifies, the blocks are read.
/// </summary>
/// <param name="Session">Whose slots.</param>
/// <param name="First">The first of them.</param>
/// <param name="End">The first slot after them.</param>
/// <param name="FirstPrevious">What the first block says of the block before it.</param>
/// <param name="LastChecksum">Checksum of the last block.</param>
/// <param name="Partitions">The frames of each partition.</param>
internal sealed record SlotDigest(SessionId Session, Slot First, Slot End, uint FirstPrevious, uint LastChecksum, IReadOnlyDictionary<PartitionId, SessionFrames> Partitions);
