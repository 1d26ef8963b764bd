using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Ownership;

/// <summary>Lets go of partitions for other brokers (rules L1 to L5). It needs nothing of the partition's grain: the lane knows the frames.</summary>
public interface IPartitionReleases
{
    /// <summary>
    /// Makes what this session holds of the partition durable in segments by now, while the partition is still served: so the release that follows has little or
    /// nothing to write between its last frame and its answer. Promises nothing and closes nothing. May be repeated.
    /// </summary>
    /// <param name="partition">Which.</param>
    /// <param name="owner">The session that the claimant found in the manifest.</param>
    /// <param name="cancellationToken">Ends the wait, not the preparation.</param>
    /// <returns><see cref="ReleaseVerdict.Prepared"/> with what a claim will begin with; <see cref="ReleaseVerdict.Unprepared"/> if there is nothing to gain; <see cref="ReleaseVerdict.NotOwner"/> as a release.</returns>
    /// <exception cref="LogException">Storage failed.</exception>
    ValueTask<ReleaseAnswer> PrepareAsync(PartitionId partition, SessionId owner, CancellationToken cancellationToken) => ValueTask.FromResult(new ReleaseAnswer(ReleaseVerdict.Unprepared));

    /// <summary>
    /// Ends serving the partition here, makes what this session holds of it durable in segments, and answers what to claim. Writes no manifest. May be
    /// repeated, and run for any number of partitions at once; the broker serves the partition again only by a claim of its own.
    /// </summary>
    /// <param name="partition">Which.</param>
    /// <param name="owner">The session that the claimant found in the manifest.</param>
    /// <param name="cancellationToken">Ends the wait, not the release.</param>
    /// <returns><see cref="ReleaseVerdict.Released"/>, or <see cref="ReleaseVerdict.NotOwner"/> if the manifest or this broker's lane names another session.</returns>
    /// <exception cref="LogException">Storage failed; the claimant hears nothing and asks again.</exception>
    ValueTask<ReleaseAnswer> ReleaseAsync(PartitionId partition, SessionId owner, CancellationToken cancellationToken);
}
