namespace OrleansStream.Testing.Disks;

/// <summary>
/// A file's bytes as the page cache shows them, and beside each page that differs what the platter holds. Pages are immutable arrays, so copies of a
/// disk share them; a page that was never written is absent and reads as zero.
/// </summary>
internal sealed class SimulatedInode
{
    public const int PageBytes = 4096;

    private static readonly byte[] ZeroPage = new byte[PageBytes];

    private readonly Dictionary<long, byte[]> _pages;

    // What stands on the platter, for pages written since the last sync.
    private readonly Dictionary<long, byte[]> _unsynced;

    // The same for pages that a failed sync dropped and marked clean: no later sync writes them.
    private readonly Dictionary<long, byte[]> _dropped;

    public SimulatedInode()
    {
        _pages = [];
        _unsynced = [];
        _dropped = [];
    }

    private SimulatedInode(SimulatedInode other)
    {
        Length = other.Length;
        DurableLength = other.DurableLength;
        ReservedLength = other.ReservedLength;
        _pages = new Dictionary<long, byte[]>(other._pages);
        _unsynced = new Dictionary<long, byte[]>(other._unsynced);
        _dropped = new Dictionary<long, byte[]>(other._dropped);
    }

    public long Length { get; private set; }

    public long DurableLength { get; private set; }

    public long ReservedLength { get; private set; }

    public bool IsUnsynced => _unsynced.Count > 0 || DurableLength != Length;

    public SimulatedInode Copy() => new(this);

    public int Read(long position, Span<byte> destination)
    {
        var length = (int)Math.Clamp(Length - position, 0, destination.Length);
        for (var done = 0; done < length;)
        {
            var (page, at) = Math.DivRem(position + done, PageBytes);
            var part = Math.Min(length - done, PageBytes - (int)at);
            PageAt(page).AsSpan((int)at, part).CopyTo(destination[done..]);
            done += part;
        }

        return length;
    }

    /// <summary>The first position from this one on in a page that was ever written; the length if there is none.</summary>
    public long NextData(long position)
    {
        for (var at = position; at < Length; at = ((at / PageBytes) + 1) * PageBytes)
        {
            if (_pages.ContainsKey(at / PageBytes)) return at;
        }

        return Math.Max(position, Length);
    }

    public void Write(long position, ReadOnlySpan<byte> bytes)
    {
        for (var done = 0; done < bytes.Length;)
        {
            var (page, at) = Math.DivRem(position + done, PageBytes);
            var part = Math.Min(bytes.Length - done, PageBytes - (int)at);
            var next = (byte[])PageAt(page).Clone();
            bytes.Slice(done, part).CopyTo(next.AsSpan((int)at));
            Replace(page, next);
            done += part;
        }

        Length = Math.Max(Length, position + bytes.Length);
        ReservedLength = Math.Max(ReservedLength, Length);
    }

    public void Reserve(long length)
    {
        Length = Math.Max(Length, length);
        ReservedLength = Math.Max(ReservedLength, length);
    }

    public void Truncate(long length)
    {
        for (var page = length / PageBytes; page * PageBytes < Length; page++)
        {
            if (!_pages.ContainsKey(page)) continue;
            var next = new byte[PageBytes];
            var kept = (int)Math.Clamp(length - (page * PageBytes), 0, PageBytes);
            PageAt(page).AsSpan(0, kept).CopyTo(next);
            Replace(page, next);
        }

        Length = ReservedLength = length;
    }

    public void Sync()
    {
        _unsynced.Clear();
        DurableLength = Length;
    }

    /// <summary>A sync that failed: the pages look clean from now on, but never reached the platter.</summary>
    public void DropUnsynced()
    {
        foreach (var (page, platter) in _unsynced) _dropped.TryAdd(page, platter);
        _unsynced.Clear();
    }

    /// <summary>Damages a byte in the cache and on the platter alike.</summary>
    public void Flip(long position, byte mask)
    {
        var (page, at) = Math.DivRem(position, PageBytes);
        var next = (byte[])PageAt(page).Clone();
        next[at] ^= mask;
        _pages[page] = next;
        foreach (var platter in new[] { _unsynced, _dropped })
        {
            if (!platter.TryGetValue(page, out var old)) continue;
            old = (byte[])old.Clone();
            old[at] ^= mask;
            platter[page] = old;
        }
    }

    /// <summary>What a power cut leaves: any subset of the unsynced pages, at most one of them torn, and any length that the file had on the way.</summary>
    /// <param name="chance">Decides.</param>
    /// <param name="mayTear">Whether a page may be torn here; set to false once one was, since a machine loses power once.</param>
    public SimulatedInode AfterPowerCut(Random chance, ref bool mayTear)
    {
        var left = Copy();
        foreach (var (page, platter) in _dropped) left._pages[page] = platter;

        // All, nothing or a mixture: the extremes are what real disks do most, and no seed may have to be lucky for them.
        var odds = chance.Next(4) switch { 0 => 0.0, 1 => 1.0, 2 => 0.5, _ => chance.NextDouble() };
        foreach (var (page, platter) in _unsynced.OrderBy(entry => entry.Key))
        {
            if (chance.NextDouble() < odds) continue;
            var next = platter;
            if (mayTear && chance.Next(3) == 0)
            {
                mayTear = false;
                next = Torn(platter, PageAt(page), chance.Next(PageBytes));
            }

            left._pages[page] = next;
        }

        if (DurableLength != Length)
        {
            left.Length = chance.Next(3) switch
            {
                0 => DurableLength,
                1 => Length,
                _ => Math.Min(Length, DurableLength) + chance.NextInt64(Math.Abs(Length - DurableLength) + 1),
            };
        }

        return left.Settled();
    }

    /// <summary>What stands if everything reached the platter but for pages that a failed sync dropped.</summary>
    public SimulatedInode AllWritten()
    {
        var left = Copy();
        foreach (var (page, platter) in _dropped) left._pages[page] = platter;
        return left.Settled();
    }

    private static byte[] Torn(byte[] old, byte[] next, int at)
    {
        var torn = (byte[])old.Clone();
        next.AsSpan(0, at).CopyTo(torn);
        return torn;
    }

    private byte[] PageAt(long page) => _pages.GetValueOrDefault(page, ZeroPage);

    private void Replace(long page, byte[] next)
    {
        // The platter still has what it had before the first unsynced write, or before the failed sync.
        var platter = _dropped.Remove(page, out var lost) ? lost : PageAt(page);
        _unsynced.TryAdd(page, platter);
        _pages[page] = next;
    }

    // Nothing is pending after the machine is up again, and what lies behind the end reads as zero should the file grow.
    private SimulatedInode Settled()
    {
        _unsynced.Clear();
        _dropped.Clear();
        foreach (var page in _pages.Keys.Where(page => (page + 1) * PageBytes > Length).ToList())
        {
            var kept = (int)Math.Clamp(Length - (page * PageBytes), 0, PageBytes);
            if (kept == 0)
            {
                _pages.Remove(page);
                continue;
            }

            var next = new byte[PageBytes];
            _pages[page].AsSpan(0, kept).CopyTo(next);
            _pages[page] = next;
        }

        DurableLength = Length;
        ReservedLength = Math.Max(Length, Math.Min(ReservedLength, Length));
        return this;
    }
}
