using OrleansStream.Log.Manifests;
using OrleansStream.Log.Producers;

namespace OrleansStream.Log.AzureBlobs.Recovery;

/// <summary>One partition's frames in a session, or in some slots of one.</summary>
/// <param name="Extents">In offset order; of several copies of a frame the one in the highest slot counts.</param>
/// <param name="Producers">What all of them say of producers; null if that is not known, or if they are no records.</param>
public sealed record SessionFrames(IReadOnlyList<WalExtent> Extents, ProducerDelta? Producers);
