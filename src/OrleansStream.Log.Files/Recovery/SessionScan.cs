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
    private readonly SessionId _session = record.Session;
    private IReadOnlyList<int> _numbers = numbers;

    /// <summary>Whether every frame is verified, also those of closed files: what verification wants and a start has no time for.</summary>
    public bool VerifiesAll { get; init; }

    /// <summary>The manifests: asked only where something is damaged, for the offsets that were there.</summary>
    public Func<Task<IReadOnlyCollection<Manifest>>> Manifests { get; init; } = static () => Task.FromResult<IReadOnlyCollection<Manifest>>([]);

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
        if (record.End is null) await ThrowIfDurableAsync(scans, used, end);
        else await ThrowIfShortAsync(scans, used, end);
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
            : OnDisk(number, (file, reader) => BlocksOf(file, reader, number, verifiesFrames: VerifiesAll || (index >= open && record.End is null)))));
        foreach (var scan in scans)
        {
            if (scan.DurableEnd > DurableEnd) DurableEnd = scan.DurableEnd;
        }

        return WithoutTrimmed(scans);
    }

    // Null: its blocks are read. So are those of a file that goes on behind the recorded end, since a footer does not say which frames those are.
    private WalFileScan? FooterOf(IDiskFile file, WalBlockReader reader, int number) =>
        !VerifiesAll && WalFooter.TryRead(file, _session, number, out var footer) && !(footer.File.EndSlot > record.End) && IsOf(reader, footer) ? WalFileScan.Of(footer, record.TrimPoint) : null;

    private WalFileScan BlocksOf(IDiskFile file, WalBlockReader reader, int number, bool verifiesFrames)
    {
        var scan = WalFileScan.Read(reader, _session, number, (record.TrimPoint, record.End), verifiesFrames);
        if (scan.Problem is not null && WalFooter.TryRead(file, _session, number, out var footer)) scan.EndAt(footer);
        return scan;
    }

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

    private async Task ThrowIfShortAsync(WalFileScan[] scans, int used, Slot end)
    {
        if (record.End is not { } written || end >= written || written == record.TrimPoint) return;

        var damage = new SessionDamage(_session, _numbers, scans, used);
        var later = await FindLaterAsync(scans, used, end);
        var (path, position, problem) = damage.Place(MissingNumber(scans, used), later);
        var offsets = damage.Offsets(end, later, await Manifests());
        throw new CorruptBlockException(path, position, $"session {_session} ends at slot {written}, but slot {end} does not verify: {problem}.{offsets}");
    }

    // Rule F3: what lies above the end was never acknowledged, unless a later block knew that the end was durable.
    private async Task ThrowIfDurableAsync(WalFileScan[] scans, int used, Slot end)
    {
        var damage = new SessionDamage(_session, _numbers, scans, used);
        var later = await FindLaterAsync(scans, used, end);
        var closed = scans.Skip(used).FirstOrDefault(scan => scan.IsFromFooter);
        var missing = MissingNumber(scans, used);
        var text = later.FirstOrDefault(blocks => blocks.Witness is not null)?.Witness ?? (closed is null ? null : $"'{closed.Path}' was closed behind it, when all below was durable");
        if (text is null && missing is { } number) text = $"'{WalNames.PathOf(_session, _numbers[used])}' was made when '{WalNames.PathOf(_session, number)}' was in use";
        if (text is null) return;

        var (path, position, problem) = damage.Place(missing, later);
        var offsets = damage.Offsets(end, later, await Manifests());
        throw new CorruptBlockException(path, position, $"acknowledged data is damaged: slot {end} of session {_session} does not verify ({problem}), but {text}.{offsets}");
    }

    // Behind the last block that verifies, in its file and in those after it.
    private Task<LaterBlocks[]> FindLaterAsync(WalFileScan[] scans, int used, Slot end) => Task.WhenAll(_numbers.Skip(SessionDamage.FirstFileOf(used)).Select((number, index) =>
        OnDisk(number, (_, reader) => LaterBlocks.Find(reader, index == 0 && used > 0 ? scans[used - 1].EndPosition : 0, (end, record.End)))));

    // A file is made, durably, only when the one before it is in use: a gap above what verifies is a file that was lost, with whatever it held.
    // Below the trim point it is a file that was deleted.
    private int? MissingNumber(WalFileScan[] scans, int used)
    {
        if (used >= _numbers.Count || (used > 0 && scans[used - 1].Map!.EndSlot < record.TrimPoint)) return null;
        int? expected = used > 0 ? _numbers[used - 1] + 1 : record.TrimPoint == Slot.Zero ? 0 : null;
        return expected is { } number && _numbers[used] > number ? number : null;
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
}
