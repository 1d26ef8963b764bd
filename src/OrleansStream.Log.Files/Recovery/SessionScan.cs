using System.Globalization;
using System.Text;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Files.Recovery;

/// <summary>
/// Reads the files of one ended session and finds its end by rule F3. Reads only: the same code serves recovery and verification. Files are read side by
/// side on the scheduler given, which bounds how many.
/// </summary>
internal sealed class SessionScan(IDisk disk, SessionRecord record, IReadOnlyList<int> numbers, TaskScheduler scheduler)
{
    private const int MaxNamedGaps = 10;

    private readonly SessionId _session = record.Session;
    private IReadOnlyList<int> _numbers = numbers;

    /// <summary>Whether every frame is verified, also those of closed files: what verification wants and a start has no time for.</summary>
    public bool VerifiesAll { get; init; }

    /// <summary>The highest slot below which everything was known durable by some block.</summary>
    public Slot DurableEnd { get; private set; }

    /// <summary>The file that was being written when the session ended, -1 if there is none with a block.</summary>
    public int OpenFile { get; private set; } = -1;

    /// <exception cref="CorruptBlockException">Acknowledged bytes do not verify: names file, byte, and the offsets that are missing.</exception>
    public async Task<RecoveredSession> ReadAsync()
    {
        var scans = await ScanFilesAsync();
        var used = Stitch(scans, out var end);
        if (end < record.TrimPoint) end = record.TrimPoint; // A file that is still there may stand below others that are deleted already.
        if (record.End is { } written) ThrowIfShort(scans, used, end, written);
        else await ThrowIfDurableAsync(scans, used, end);
        var partitions = new Dictionary<PartitionId, RecoveredRuns>();
        foreach (var scan in scans.Take(used))
        {
            foreach (var (partition, runs) in scan.Partitions)
            {
                if (partitions.TryGetValue(partition, out var known)) known.Append(runs);
                else partitions[partition] = runs;
            }
        }

        return new RecoveredSession(
            _session, record.End ?? end, [.. scans.Take(used).Select(scan => scan.Map!)], partitions.ToDictionary(entry => entry.Key, entry => entry.Value.ToExtents()))
        {
            Unclosed = [.. scans.Take(used).Where(scan => !scan.IsFromFooter).Select(scan => scan.Map!)],
        };
    }

    // A closed file says in its footer what stands in it (rule F5); the blocks of the others are read. Only the last file that has a block can be torn:
    // the writer syncs a file before it goes on to the next.
    private async Task<WalFileScan[]> ScanFilesAsync()
    {
        var begun = await Task.WhenAll(_numbers.Select(number => OnDisk(number, (file, reader) => (Footer: FooterOf(file, reader, number), IsBegun: reader.TryDirectory(0, out _, out _, out _)))));
        var open = Array.FindLastIndex(begun, file => file.IsBegun);
        OpenFile = open < 0 ? -1 : _numbers[open];
        var scans = await Task.WhenAll(_numbers.Select((number, index) => begun[index].Footer is { } footer
            ? Task.FromResult(footer)
            : OnDisk(number, (_, reader) => WalFileScan.Read(reader, _session, number, (record.TrimPoint, record.End), VerifiesAll || (index >= open && record.End is null)))));
        foreach (var scan in scans)
        {
            if (scan.DurableEnd > DurableEnd) DurableEnd = scan.DurableEnd;
        }

        return WithoutTrimmed(scans);
    }

    // Null: its blocks are read. So are those of a file that goes on behind the recorded end, since a footer does not say which frames those are.
    private WalFileScan? FooterOf(IDiskFile file, WalBlockReader reader, int number) =>
        !VerifiesAll && WalFooter.TryRead(file, _session, number, out var footer) && !(footer.File.EndSlot > record.End) && IsOf(reader, footer) ? WalFileScan.Of(footer, record.TrimPoint) : null;

    // Two headers tell whether it is the footer of these blocks.
    private static bool IsOf(WalBlockReader reader, WalFooter footer)
    {
        var file = footer.File;
        var last = new Slot(file.EndSlot.Value - 1);
        return reader.TryDirectory(0, out var first, out _, out _) && first.Slot == file.FirstSlot && first.PreviousChecksum == footer.FirstPrevious
            && file.TryFind(last, out var position, out _) && reader.TryDirectory(position, out var end, out _, out _)
            && end.Slot == last && end.Checksum == footer.LastChecksum && position + end.StoredBytes == file.EndPosition;
    }

    // Files below the trim point are being deleted, in no order that a power cut would keep: what is left of them proves nothing.
    private WalFileScan[] WithoutTrimmed(WalFileScan[] scans)
    {
        var first = Array.FindLastIndex(scans, scan => scan.Map is { } map && map.FirstSlot <= record.TrimPoint);
        if (first <= 0) return scans;

        _numbers = [.. _numbers.Skip(first)];
        return scans[first..];
    }

    // How many files follow each other without a break, and the slot after the last block of them.
    private int Stitch(WalFileScan[] scans, out Slot end)
    {
        end = record.TrimPoint;
        for (var i = 0; i < scans.Length; i++)
        {
            if (scans[i].Map is not { } map) return i;
            if (i == 0 ? map.FirstSlot > record.TrimPoint : map.FirstSlot != end || scans[i].FirstPrevious != scans[i - 1].LastChecksum || _numbers[i] != _numbers[i - 1] + 1) return i;
            end = map.EndSlot;
        }

        return scans.Length;
    }

    private void ThrowIfShort(WalFileScan[] scans, int used, Slot end, Slot written)
    {
        if (end >= written || written == record.TrimPoint) return;
        var (path, position, problem) = Break(scans, used);
        throw new CorruptBlockException(path, position, $"session {_session} ends at slot {written}, but slot {end} does not verify: {problem}.");
    }

    // Rule F3: what lies above the end was never acknowledged, unless a later block knew that the end was durable.
    private async Task ThrowIfDurableAsync(WalFileScan[] scans, int used, Slot end)
    {
        var lastFile = Math.Max(0, used - 1);
        var searches = _numbers.Skip(lastFile).Select((number, index) => OnDisk(number, (_, reader) => FindWitness(reader, index == 0 && used > 0 ? scans[lastFile].EndPosition : 0, end)));
        var witnesses = await Task.WhenAll(searches);
        var closed = scans.Skip(used).FirstOrDefault(scan => scan.IsFromFooter);
        var text = Array.Find(witnesses, witness => witness.Text is not null)?.Text ?? (closed is null ? null : $"'{closed.Path}' was closed behind it, when all below was durable");
        if (text is null && MissingNumber(scans, used) is { } missing) text = $"'{WalNames.PathOf(_session, _numbers[used])}' was made when '{WalNames.PathOf(_session, missing)}' was in use";
        if (text is null) return;

        var (path, position, problem) = Break(scans, used);
        var gaps = Gaps(scans.Take(used), witnesses);
        throw new CorruptBlockException(path, position, $"acknowledged data is damaged: slot {end} of session {_session} does not verify ({problem}), but {text}.{gaps}");
    }

    // A file is made, durably, only when the one before it is in use: a gap above what verifies is a file that was lost, with whatever it held.
    // Below the trim point it is a file that was deleted.
    private int? MissingNumber(WalFileScan[] scans, int used)
    {
        if (used >= _numbers.Count || (used > 0 && scans[used - 1].Map!.EndSlot < record.TrimPoint)) return null;
        int? expected = used > 0 ? _numbers[used - 1] + 1 : record.TrimPoint == Slot.Zero ? 0 : null;
        return expected is { } number && _numbers[used] > number ? number : null;
    }

    private (string Path, long Position, string Problem) Break(WalFileScan[] scans, int used)
    {
        if (MissingNumber(scans, used) is { } missing && (used == 0 || scans[used - 1].Problem is null)) return (WalNames.PathOf(_session, missing), 0, "the file is missing");
        if (used > 0 && scans[used - 1].Problem is { } inFile && !IsAtEndOfFile(scans, used)) return (scans[used - 1].Path, scans[used - 1].EndPosition, inFile);
        if (used < scans.Length) return (scans[used].Path, 0, scans[used].Problem ?? "its first block does not follow the last one of the file before");
        return used > 0
            ? (scans[used - 1].Path, scans[used - 1].EndPosition, scans[used - 1].Problem ?? "the file ends")
            : (WalNames.PathOf(_session, 0), 0, "the file is missing");
    }

    // The file after it begins where this one should: then what is missing is missing at the start of the next.
    private static bool IsAtEndOfFile(WalFileScan[] scans, int used) => used < scans.Length && scans[used].Map is { } next && next.FirstSlot == scans[used - 1].Map!.EndSlot;

    private static Witness FindWitness(WalBlockReader reader, long position, Slot end)
    {
        var witness = new Witness(null, []);
        while (reader.NextCandidate(position) is >= 0 and var at)
        {
            position = at + Model.Limits.BlockAlignment;
            if (!reader.TryBlock(at, out var header, out var frames, out _) || header.Slot < end) continue;
            foreach (ref readonly var frame in frames)
            {
                if (!witness.First.TryGetValue(frame.Partition, out var first) || frame.BaseOffset < first) witness.First[frame.Partition] = frame.BaseOffset;
            }

            if (witness.Text is null && header.DurableEnd > end)
                witness = witness with { Text = $"the block in slot {header.Slot}, '{reader.Path}' byte {at}, knew everything below slot {header.DurableEnd} durable" };
        }

        return witness;
    }

    // Offsets between what verifies below the damage and above it: those that were lost.
    private static string Gaps(IEnumerable<WalFileScan> below, Witness[] above)
    {
        var ends = new Dictionary<PartitionId, Offset>();
        foreach (var (partition, runs) in below.SelectMany(scan => scan.Partitions))
        {
            var last = runs.ToExtents()[^1].LastOffset + 1;
            ends[partition] = ends.TryGetValue(partition, out var known) ? Offset.Max(known, last) : last;
        }

        var text = new StringBuilder();
        var named = 0;
        foreach (var (partition, first) in above.SelectMany(witness => witness.First).OrderBy(entry => entry.Key).DistinctBy(entry => entry.Key))
        {
            var end = ends.GetValueOrDefault(partition);
            if (first <= end || named++ == MaxNamedGaps) continue;
            text.Append(CultureInfo.InvariantCulture, $" Partition {partition}: offsets {end} to {first.Value - 1} are missing.");
        }

        return text.ToString();
    }

    private Task<T> OnDisk<T>(int number, Func<IDiskFile, WalBlockReader, T> read) => Task.Factory.StartNew(
        () =>
        {
            var path = WalNames.PathOf(_session, number);
            using var file = disk.Open(path, DiskOpenMode.Read);
            return read(file, new WalBlockReader(file, path, _session));
        },
        CancellationToken.None,
        TaskCreationOptions.DenyChildAttach,
        scheduler);

    // What stands above the end: who proves that something is missing, and the lowest offset of each partition there.
    private sealed record Witness(string? Text, Dictionary<PartitionId, Offset> First);
}
