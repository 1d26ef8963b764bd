using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Recovery;

/// <summary>A session whose writer can add nothing any more.</summary>
/// <param name="Session">Which.</param>
/// <param name="TrimPoint">The first slot that is still needed; frozen.</param>
/// <param name="End">The first slot that is not the session's. At the trim point for one that has nothing.</param>
public sealed record FencedSession(SessionId Session, Slot TrimPoint, Slot End);
