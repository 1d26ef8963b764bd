using System.Globalization;
using System.Text;
using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Manifests;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Files.Recovery;

/// <summary>Says where an ended session is damaged: file, byte, and the offsets that are missing.</summary>
/// <param name="session">Whose files they are.</param>
/// <param name="numbers">Numbers of its files, rising.</param>
/// <param name="scans">What each holds.</param>
/// <param name="used">How many of them follow each other without a break.</param>
internal sealed class SessionDamage(SessionId session, IReadOnlyList<int> numbers, WalFileScan[] scans, int used)
{
    private const int MaxNamedGaps = 10;

    private readonly WalFileScan? _last = used > 0 ? scans[used - 1] : null;
    private readonly WalFileScan? _next = used < scans.Length ? scans[used] : null;

    /// <summary>The first file that may hold what is missing: the last one that is used, for its end may be damaged.</summary>
    public static int FirstFileOf(int used) => Math.Max(0, used - 1);

    /// <summary>Where a block is missing, and what is there instead.</summary>
    /// <param name="missing">The file that is missing as a whole, if one is.</param>
    /// <param name="later">What stands behind the break, of each file from <see cref="FirstFileOf"/> on.</param>
    public (string Path, long Position, string Problem) Place(int? missing, IReadOnlyList<LaterBlocks> later)
    {
        if (missing is { } number && _last?.Problem is null) return (WalNames.PathOf(session, number), 0, "the file is missing");

        var firstInNext = _next is null ? null : _next.Map?.FirstSlot ?? later[used - FirstFileOf(used)].FirstSlot;
        if (_last?.Problem is { } problem && !IsNextFile(firstInNext))
            return (_last.Path, _last.EndPosition, _next is { Map: null } && firstInNext is not null ? $"{problem}; nor does the first block of '{_next.Path}'" : problem);

        var below = _last is null ? "" : $"; all before it stands in '{_last.Path}', up to byte {_last.EndPosition}";
        if (_next is not null) return (_next.Path, 0, (_next.Problem ?? "its first block does not follow the last one of the file before") + below);
        return (WalNames.PathOf(session, _last is null ? 0 : numbers[used - 1] + 1), 0, $"the file is missing{below}");
    }

    /// <summary>Offsets between what verifies below the damage and what was there above it: those that were lost, as far as anything tells of them.</summary>
    /// <param name="end">The slot that does not verify.</param>
    /// <param name="later">What stands behind the break.</param>
    /// <param name="manifests">Those of all partitions.</param>
    public string Offsets(Slot end, IReadOnlyList<LaterBlocks> later, IReadOnlyCollection<Manifest> manifests)
    {
        var ends = new Dictionary<PartitionId, Offset>();
        foreach (var (partition, runs) in scans.Take(used).SelectMany(static scan => scan.Partitions))
            ends[partition] = Offset.Max(ends.GetValueOrDefault(partition), runs.ToExtents()[^1].LastOffset + 1);

        var lost = new SortedDictionary<PartitionId, (Offset From, Offset To)>();
        var known = manifests.Where(static manifest => !manifest.Deleted).ToDictionary(static manifest => manifest.Partition);
        foreach (var manifest in known.Values)
        {
            var named = manifest.Extents.OfType<WalExtent>().Where(extent => extent.Session == session && extent.LastSlot >= end).ToList();
            if (named.Count > 0) lost[manifest.Partition] = (From(manifest.Partition), named[^1].LastOffset + 1);
        }

        foreach (var (partition, first) in later.SelectMany(static blocks => blocks.Offsets).GroupBy(static entry => entry.Key, static entry => entry.Value).Select(static firsts => (firsts.Key, firsts.Min())))
            lost[partition] = (From(partition), first);

        var text = new StringBuilder();
        foreach (var (partition, (from, to)) in lost.Where(static entry => entry.Value.From < entry.Value.To).Take(MaxNamedGaps))
            text.Append(CultureInfo.InvariantCulture, $" Partition {partition}: offsets {from} to {to.Value - 1} are missing.");
        return text.ToString();

        Offset From(PartitionId partition)
        {
            var below = ends.GetValueOrDefault(partition);
            return known.TryGetValue(partition, out var manifest) ? Offset.Max(below, StartOf(manifest)) : below;
        }
    }

    // Where the partition's log reached when the session began with it.
    private Offset StartOf(Manifest manifest)
    {
        var first = manifest.Extents.OfType<WalExtent>().FirstOrDefault(extent => extent.Session == session)?.BaseOffset ?? manifest.ExtentsEnd;
        return Offset.Max(first, manifest.LogStart);
    }

    // Whether what is missing stood at the start of the next file: the first slot that is known of that file is the missing one or the one behind it.
    private bool IsNextFile(Slot? firstInNext) => _next is not null && firstInNext == (_next.Map is null ? _last!.Map!.EndSlot.Next : _last!.Map!.EndSlot);
}
