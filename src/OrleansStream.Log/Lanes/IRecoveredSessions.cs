using OrleansStream.Log.Manifests;
using OrleansStream.Log.Producers;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Lanes;

/// <summary>What ended sessions left behind. Asked when a partition is opened whose manifest names one of them (rule O4). Safe for any number of callers.</summary>
public interface IRecoveredSessions
{
    /// <summary>
    /// All frames of the partition between the session's trim point and its end, whatever their epoch: in offset order, of several copies the one in the
    /// highest slot. Empty for a closed session. The end is durably recorded before this answers (rule F8).
    /// </summary>
    /// <exception cref="Storage.CorruptBlockException">Acknowledged bytes of the session are damaged. Nothing may be claimed from it.</exception>
    /// <exception cref="LogException">There is no record of the session, or it still lives in this process.</exception>
    ValueTask<IReadOnlyList<WalExtent>> FramesOfAsync(SessionId session, PartitionId partition, CancellationToken cancellationToken);

    /// <summary>What all frames of the partition in an ended session say of its producers; null where nothing was gathered of them, and they must be read.</summary>
    /// <exception cref="LogException">As for <see cref="FramesOfAsync"/>.</exception>
    ValueTask<ProducerDelta?> ProducersOfAsync(SessionId session, PartitionId partition, CancellationToken cancellationToken) => ValueTask.FromResult<ProducerDelta?>(null);
}
