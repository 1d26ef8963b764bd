using OrleansStream.Log.Journals;
using OrleansStream.Log.Ownership;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;
using ErrorCode = OrleansStream.Model.Errors.ErrorCode;

namespace OrleansStream.Server.Hosting;

/// <summary>
/// The log of this broker, for a host that is built before it: a cluster's broker opens its log when the address of its silo is known, and the host knows
/// that first. Nothing asks before it was filled. The host disposes what it made; the log belongs to whoever opened it.
/// </summary>
internal sealed class LogSlot : IPartitionLog, IPartitionReleases
{
    private IBrokerLog? _log;

    public HandleTable Handles => Log.Handles;

    public JournalParts Journals => Log.Journals;

    public (long TotalBytes, long UsableBytes) Volume => Log.Volume;

    /// <summary>Null until there is one.</summary>
    public LogHealth? Health => _log?.Health;

    private IBrokerLog Log => _log ?? throw new InvalidOperationException("The log was asked for before it was opened.");

    /// <param name="log">Of a cluster's broker it lets go of partitions too.</param>
    public void Fill(IBrokerLog log) => _log = log;

    public bool HasLog(PartitionId partition) => Log.HasLog(partition);

    public ValueTask<bool> HasLogAsync(PartitionId partition, CancellationToken cancellationToken) => Log.HasLogAsync(partition, cancellationToken);

    public LeaderEpoch? EpochOf(PartitionId partition) => Log.EpochOf(partition);

    public ValueTask<long> SizeOfAsync(PartitionId partition, CancellationToken cancellationToken) => Log.SizeOfAsync(partition, cancellationToken);

    public ValueTask<OpenedHandle> OpenAsync(PartitionId partition, PartitionSettings settings, CancellationToken cancellationToken) => Log.OpenAsync(partition, settings, cancellationToken);

    public ValueTask<ErrorCode> MoveLogStartAsync(PartitionHandle handle, Offset offset, CancellationToken cancellationToken) => Log.MoveLogStartAsync(handle, offset, cancellationToken);

    public ValueTask DeleteAsync(PartitionId partition, CancellationToken cancellationToken) => Log.DeleteAsync(partition, cancellationToken);

    public ValueTask<ReleaseAnswer> PrepareAsync(PartitionId partition, SessionId owner, CancellationToken cancellationToken) =>
        Log is IPartitionReleases releases ? releases.PrepareAsync(partition, owner, cancellationToken) : ValueTask.FromResult(new ReleaseAnswer(ReleaseVerdict.NotOwner));

    public ValueTask<ReleaseAnswer> ReleaseAsync(PartitionId partition, SessionId owner, CancellationToken cancellationToken) =>
        Log is IPartitionReleases releases ? releases.ReleaseAsync(partition, owner, cancellationToken) : ValueTask.FromResult(new ReleaseAnswer(ReleaseVerdict.NotOwner));
}
