using System.Collections.Concurrent;
using OrleansStream.Log;
using OrleansStream.Log.Journals;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Tests.Harness;

/// <summary>A log whose deletions fail as often as the test says.</summary>
internal sealed class FaultyLog(IPartitionLog inner) : IPartitionLog
{
    private int _failures;

    public ConcurrentDictionary<PartitionId, byte> Deleted { get; } = new();

    public HandleTable Handles => inner.Handles;

    public JournalParts Journals => inner.Journals;

    public void FailDeletions(int count) => Volatile.Write(ref _failures, count);

    public (long TotalBytes, long UsableBytes) Volume => inner.Volume;

    public LeaderEpoch? EpochOf(PartitionId partition) => inner.EpochOf(partition);

    public ValueTask<long> SizeOfAsync(PartitionId partition, CancellationToken cancellationToken) => inner.SizeOfAsync(partition, cancellationToken);

    public bool HasLog(PartitionId partition) => inner.HasLog(partition);

    public ValueTask<OpenedHandle> OpenAsync(PartitionId partition, PartitionSettings settings, CancellationToken cancellationToken) =>
        inner.OpenAsync(partition, settings, cancellationToken);

    public ValueTask<ErrorCode> MoveLogStartAsync(PartitionHandle handle, Offset offset, CancellationToken cancellationToken) =>
        inner.MoveLogStartAsync(handle, offset, cancellationToken);

    public async ValueTask DeleteAsync(PartitionId partition, CancellationToken cancellationToken)
    {
        if (Interlocked.Decrement(ref _failures) >= 0) throw new LogException("The disk does not take the tombstone.");
        await inner.DeleteAsync(partition, cancellationToken);
        Deleted[partition] = 0;
    }
}
