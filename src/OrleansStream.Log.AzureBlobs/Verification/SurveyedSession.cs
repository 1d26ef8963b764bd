using OrleansStream.Log.AzureBlobs.Recovery;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Verification;

/// <summary>What was found in a session's slots.</summary>
/// <param name="Record">As it stood when the slots were read.</param>
/// <param name="Frames">Of each partition.</param>
/// <param name="Kept">The frames of the partition that was asked for, in slot order.</param>
/// <param name="IsWhole">Whether nothing was found missing or damaged, so that what is not here does not exist.</param>
internal sealed record SurveyedSession(
    SessionRecord Record, IReadOnlyDictionary<PartitionId, SessionFrames> Frames, IReadOnlyList<(FrameEntry Entry, byte[] Bytes)> Kept, bool IsWhole)
{
    public IReadOnlyList<WalExtent> FramesOf(PartitionId partition) => Frames.TryGetValue(partition, out var frames) ? frames.Extents : [];
}
