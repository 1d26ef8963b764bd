using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Lanes;

/// <summary>
/// Knows whether a session's broker stood still for so long that somebody may have ended the session meanwhile (rule W2), and finds out. Safe for any number
/// of callers.
/// </summary>
/// <param name="session">Of the lane.</param>
/// <param name="sessions">Where its record stands.</param>
/// <param name="time">Whose timestamps go on while the process does not.</param>
public sealed class SessionWatch(SessionId session, ISessionStore sessions, TimeProvider time)
{
    /// <summary>How long a broker may stand still, or a block be on its way, before it looks whether the session is still its own.</summary>
    public static readonly TimeSpan LongestStall = TimeSpan.FromSeconds(5);

    // Storage that is as slow as that is for the caller to be patient with, or to give up: he has a limit.
    private const int Attempts = 2;

    private readonly Lock _gate = new();
    private long _alive = time.GetTimestamp();
    private Task _check = Task.CompletedTask;
    private Task? _next;

    /// <summary>Whether nothing may be served before <see cref="ConfirmAsync"/> has succeeded.</summary>
    public bool IsStalled => time.GetElapsedTime(Volatile.Read(ref _alive)) > LongestStall;

    /// <summary>The process runs; to be called each second. False if it had not for too long: then this call changes nothing.</summary>
    public bool TryBeat()
    {
        lock (_gate)
        {
            if (IsStalled) return false;
            Volatile.Write(ref _alive, time.GetTimestamp());
            return true;
        }
    }

    /// <summary>Reads the session's record after this call, once for all who ask until that read begins.</summary>
    /// <exception cref="SessionEndedException">Somebody has ended the session: nothing may be acknowledged in it any more.</exception>
    /// <exception cref="LogException">The record could not be read. Nothing may be served or acknowledged before a later call succeeds.</exception>
    public Task ConfirmAsync(CancellationToken cancellationToken)
    {
        Task check;
        lock (_gate)
        {
            // One that runs may have been answered before the process stood still, and says nothing of what happened then.
            check = _check.IsCompleted ? _check = CheckAsync() : _next ??= CheckAfterAsync(_check);
        }

        return check.WaitAsync(cancellationToken);
    }

    private async Task CheckAfterAsync(Task running)
    {
        await Task.WhenAny(running);
        Task check;
        lock (_gate)
        {
            _next = null;
            check = _check = CheckAsync();
        }

        await check;
    }

    private async Task CheckAsync()
    {
        for (var attempt = 1; attempt <= Attempts; attempt++)
        {
            var began = time.GetTimestamp();
            var stored = await sessions.GetAsync(session, CancellationToken.None);
            if (stored is not { Record.State: SessionState.Open }) throw new SessionEndedException(session, stored?.Record.State);
            if (time.GetElapsedTime(began) > LongestStall) continue; // The process stood still once more, or storage took as long: the answer may be as old.

            lock (_gate) Volatile.Write(ref _alive, Math.Max(_alive, began));
            return;
        }

        throw new StorageException(session.ToString(), "Read", $"{Attempts} answers in a row took longer than {LongestStall.TotalSeconds:F0} s, and may be older than what they are to tell") { IsTransient = true };
    }
}

/// <summary>Another broker has ended a session whose lane still lives here: the lane is to end, and what it had is claimed anew.</summary>
public sealed class SessionEndedException(SessionId session, SessionState? found)
    : LogException(found is { } state ? $"The record of session {session} says {state}: another broker has ended it." : $"There is no record of session {session}.")
{
    public SessionId Session { get; } = session;
}
