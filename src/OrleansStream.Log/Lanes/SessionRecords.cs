using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Lanes;

/// <summary>Begins and ends sessions in their records, for the broker that owns them.</summary>
public static class SessionRecords
{
    /// <summary>Creates the record of a session that is about to begin: before its first block and before any claim. A taken name is left alone and another one made.</summary>
    /// <param name="sessions">Where records stand.</param>
    /// <param name="broker">Whose session.</param>
    /// <param name="newGuid">Gives a name that was never used.</param>
    /// <param name="cancellationToken">Ends the wait; the record may then exist, which does no harm.</param>
    public static async ValueTask<SessionId> BeginAsync(ISessionStore sessions, BrokerId broker, Func<Guid> newGuid, CancellationToken cancellationToken)
    {
        while (true)
        {
            var session = new SessionId(broker, newGuid());
            if (await sessions.CompareAndSetAsync(new SessionRecord(session, SessionState.Open, Slot.Zero, End: null), expected: null, cancellationToken)) return session;
        }
    }

    /// <summary>
    /// Records where a lane of this process ended: at its last published block, whatever a read of its files still shows (rule F8). To be called when
    /// <see cref="ILane.Ended"/> has completed, and before anything is claimed from the session.
    /// </summary>
    public static async ValueTask EndAsync(ISessionStore sessions, SessionId session, Slot publishedEnd, CancellationToken cancellationToken)
    {
        while (true)
        {
            var stored = await sessions.GetAsync(session, cancellationToken) ?? throw new LogException($"There is no record of session {session}.");
            if (stored.Record.End is not null || stored.Record.State == SessionState.Closed) return;
            var ended = stored.Record with { State = SessionState.Fencing, End = publishedEnd };
            if (await sessions.CompareAndSetAsync(ended, stored.ETag, cancellationToken)) return;
        }
    }
}
