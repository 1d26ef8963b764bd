using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Manifests;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Files.Recovery;

/// <summary>An ended session whose end is known and recorded: its frames by partition, and its files.</summary>
public sealed class RecoveredSession
{
    private readonly IReadOnlyDictionary<PartitionId, IReadOnlyList<WalExtent>> _partitions;

    internal RecoveredSession(SessionId session, Slot end, IReadOnlyList<WalFile> files, IReadOnlyDictionary<PartitionId, IReadOnlyList<WalExtent>> partitions)
    {
        Session = session;
        End = end;
        Files = files;
        _partitions = partitions;
    }

    public SessionId Session { get; }

    /// <summary>The first slot that is not the session's.</summary>
    public Slot End { get; }

    /// <summary>Files that hold blocks below the end, in slot order.</summary>
    public IReadOnlyList<WalFile> Files { get; }

    /// <summary>Of these files, those that the writer did not close: behind their last block they may still hold what was reserved.</summary>
    internal IReadOnlyList<WalFile> Unclosed { get; init; } = [];

    /// <summary>Partitions that have frames in the session.</summary>
    public IEnumerable<PartitionId> Partitions => _partitions.Keys;

    /// <summary>In offset order; empty if the partition has none.</summary>
    public IReadOnlyList<WalExtent> FramesOf(PartitionId partition) => _partitions.TryGetValue(partition, out var extents) ? extents : [];
}
