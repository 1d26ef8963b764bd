using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Lanes;

/// <summary>Where session records stand: changed by compare-and-set only, created before the session's first block and before any claim.</summary>
public interface ISessionStore
{
    ValueTask<StoredSession?> GetAsync(SessionId session, CancellationToken cancellationToken);

    /// <summary>Durable on return. False: another write came first, or for a create the name is taken.</summary>
    ValueTask<bool> CompareAndSetAsync(SessionRecord next, ETag? expected, CancellationToken cancellationToken);

    IAsyncEnumerable<StoredSession> ListAsync(CancellationToken cancellationToken);
}

/// <summary>A session record as read, with the version to give back.</summary>
public sealed record StoredSession(SessionRecord Record, ETag ETag);

/// <summary>What is known of a session.</summary>
/// <param name="TrimPoint">The first slot that is still needed.</param>
/// <param name="End">The first slot that does not belong to the session; null while nobody found out (rule F8).</param>
public sealed record SessionRecord(SessionId Session, SessionState State, Slot TrimPoint, Slot? End);

/// <summary>Where a session is in its life.</summary>
public enum SessionState : byte
{
    /// <summary>Its writer may append.</summary>
    Open = 1,

    /// <summary>Its writer is done; the trim point is frozen and the end is known or being found.</summary>
    Fencing = 2,

    /// <summary>It holds nothing for anybody.</summary>
    Closed = 3,
}
