using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Manifests;

/// <summary>A range of one partition's bytes in one place. Extents of a manifest stand in offset order without a hole.</summary>
/// <param name="BaseOffset">First offset.</param>
/// <param name="LastOffset">Last offset, inclusive.</param>
/// <param name="Bytes">Size of the frames.</param>
/// <param name="MaxTimestampMs">Largest record timestamp, -1 if none; what retention by time goes by.</param>
public abstract record Extent(Offset BaseOffset, Offset LastOffset, long Bytes, long MaxTimestampMs);

/// <summary>The partition's frames in these slots of a session, the latest copy of each.</summary>
public sealed record WalExtent(SessionId Session, Slot FirstSlot, Slot LastSlot, Offset BaseOffset, Offset LastOffset, long Bytes, long MaxTimestampMs)
    : Extent(BaseOffset, LastOffset, Bytes, MaxTimestampMs);

/// <summary>An immutable object of this partition alone.</summary>
/// <param name="Epoch">The epoch of the manifest that its writer read; part of its name.</param>
public sealed record SegmentExtent(string Name, LeaderEpoch Epoch, Offset BaseOffset, Offset LastOffset, long Bytes, long MaxTimestampMs)
    : Extent(BaseOffset, LastOffset, Bytes, MaxTimestampMs);
