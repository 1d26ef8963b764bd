using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Producers;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Serving;

/// <summary>Producers of a partition that another broker still serves, as it says or its extents do. For one claim: the open that uses it goes on with its states.</summary>
/// <param name="States">As of the end of the extents.</param>
/// <param name="Manifest">What they were read from: the owner's manifest, with the extents that it had made ready.</param>
/// <param name="Session">Of the lane that they were read for.</param>
/// <param name="Bytes">How much of the log was read for them.</param>
internal sealed record WarmProducers(ProducerStates States, Manifest Manifest, SessionId Session, long Bytes)
{
    /// <summary>Whether what was claimed begins with what these were read from. Otherwise they say something of another log.</summary>
    public bool IsOf(Manifest claimed, ILane lane) =>
        lane.Session == Session
        && claimed.Epoch == Manifest.Epoch.Next
        && claimed.Snapshot == Manifest.Snapshot
        && claimed.Extents.Length >= Manifest.Extents.Length
        && claimed.Extents.AsSpan(0, Manifest.Extents.Length).SequenceEqual(Manifest.Extents.AsSpan());
}
