using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Ownership;

/// <summary>
/// Who lives behind the session that a manifest names, and the way to him. Asked when a partition is opened whose owner is not the current session of this
/// broker (rule O3). Safe for any number of callers.
/// </summary>
public interface ISessionOwners
{
    /// <summary>
    /// Asks the owner to make ready what it holds of the partition, while it goes on serving it (<see cref="IPartitionReleases.PrepareAsync"/>). Whatever the answer, the
    /// release is asked for next; what it names may be read before, so that nothing is to be read once the partition has no owner.
    /// </summary>
    /// <param name="owner">The session that the manifest just read names.</param>
    /// <param name="partition">Which.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask<ReleaseAnswer> PrepareAsync(SessionId owner, PartitionId partition, CancellationToken cancellationToken) => ValueTask.FromResult(new ReleaseAnswer(ReleaseVerdict.Unprepared));

    /// <summary>
    /// Asks the owner to let go of the partition. No answer changes anything in storage: the claim that follows does, and it may come too late.
    /// </summary>
    /// <param name="owner">The session that the manifest just read names.</param>
    /// <param name="partition">Which.</param>
    /// <param name="cancellationToken">Ends the wait; the owner may let go all the same.</param>
    ValueTask<ReleaseAnswer> ReleaseAsync(SessionId owner, PartitionId partition, CancellationToken cancellationToken);
}

/// <summary>What is known of an owner after it was asked.</summary>
/// <param name="Verdict">What the claimant does next.</param>
/// <param name="Log">With <see cref="ReleaseVerdict.Released"/>: what to claim. With <see cref="ReleaseVerdict.Prepared"/>: what it will begin with, never to be claimed.</param>
/// <param name="Producers">With <see cref="ReleaseVerdict.Prepared"/>: those of the log; null where they are not small, or there are none, and are to be read.</param>
public readonly record struct ReleaseAnswer(ReleaseVerdict Verdict, ReleasedLog? Log = null, ServedProducers? Producers = null);

/// <summary>What a claimant does next.</summary>
public enum ReleaseVerdict
{
    /// <summary>Claim the log as the answer describes it, on the version that it carries (rule O5).</summary>
    Released,

    /// <summary>The broker answered that this session is not its current one, or that the manifest names another. Read the manifest again; if it is unchanged, recover the session (rule O4).</summary>
    NotOwner,

    /// <summary>Nothing was heard, and the broker is not known to be dead. Ask again later: a session that lives is not fenced for one partition.</summary>
    NoAnswer,

    /// <summary>The broker was declared dead, or has another session by now: recover this one (rule O4).</summary>
    Dead,

    /// <summary>The partition is served as before, and what the owner held of it until now is durable in segments. Ask for the release.</summary>
    Prepared,

    /// <summary>The owner has nothing to make ready, or does not know how. Ask for the release.</summary>
    Unprepared,
}
