using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Serving;

/// <summary>
/// What storage refuses of single partitions: tells the operator, and knows which of them are damaged. Clients try again many times a second,
/// so that the same cause is told at most once a minute. May be called by any thread.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="nameOf">A partition's name for people; null if it is not known. Never waits.</param>
/// <param name="note">Told of a partition that cannot be opened or read, in one line. Must not throw.</param>
public sealed class PartitionFaults(TimeProvider time, Func<PartitionId, string?> nameOf, Action<string> note)
{
    private const int NamedAtMost = 3;

    // More lines than these within a pause tell nobody more: the disk as a whole is broken.
    private const int MaxCauses = 1_000;
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<(PartitionId Partition, string Cause), DateTimeOffset> _told = [];
    private readonly HashSet<PartitionId> _refused = [];
    private readonly HashSet<PartitionId> _unreadable = [];

    /// <summary>Partitions that are refused, or unreadable at some offsets, because what is stored of them is damaged.</summary>
    public int Damaged
    {
        get
        {
            lock (_gate) return DamagedPartitions().Count();
        }
    }

    /// <summary>A sentence about the damaged partitions; null if there is none.</summary>
    public string? Trouble
    {
        get
        {
            lock (_gate)
            {
                var damaged = DamagedPartitions().Order().ToList();
                if (damaged.Count == 0) return null;
                var more = damaged.Count > NamedAtMost ? ", ..." : "";
                return $"Damaged partitions, refused or unreadable at some offsets: {damaged.Count} ({string.Join(", ", damaged.Take(NamedAtMost).Select(partition => nameOf(partition) ?? partition.ToString()))}{more}).";
            }
        }
    }

    /// <summary>An open failed for good.</summary>
    public void OnNotOpened(PartitionId partition, LogException error) => Tell((partition, error), "cannot be opened", _refused);

    /// <summary>A read failed for good.</summary>
    public void OnNotRead(PartitionId partition, Offset offset, LogException error) => Tell((partition, error), $"cannot be read at offset {offset}", _unreadable);

    /// <summary>It serves again. What could not be read in it is as damaged as before.</summary>
    public void OnOpened(PartitionId partition)
    {
        lock (_gate) _refused.Remove(partition);
    }

    /// <summary>It is gone, and its damage with it.</summary>
    public void OnDeleted(PartitionId partition)
    {
        lock (_gate)
        {
            _refused.Remove(partition);
            _unreadable.Remove(partition);
        }
    }

    private IEnumerable<PartitionId> DamagedPartitions() => _refused.Union(_unreadable);

    private void Tell((PartitionId Partition, LogException Error) fault, string what, HashSet<PartitionId> damaged)
    {
        var (partition, error) = fault;
        lock (_gate)
        {
            if (error is CorruptBlockException) damaged.Add(partition);
            if (!IsDue((partition, error.Message))) return;
        }

        var name = nameOf(partition) is { } known ? $"{known} ({partition})" : partition.ToString();
        note($"Partition {name} {what}: {error.Message}");
    }

    private bool IsDue((PartitionId, string) cause)
    {
        var now = time.GetUtcNow();
        if (_told.TryGetValue(cause, out var last) && now - last < Pause) return false;
        if (_told.Count >= MaxCauses)
        {
            foreach (var old in _told.Where(told => now - told.Value >= Pause).Select(told => told.Key).ToList()) _told.Remove(old);
            if (_told.Count >= MaxCauses) return false;
        }

        _told[cause] = now;
        return true;
    }
}
