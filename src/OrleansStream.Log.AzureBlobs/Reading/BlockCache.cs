using OrleansStream.Log.Blocks;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Storage;
using OrleansStream.Model;

namespace OrleansStream.Log.AzureBlobs.Reading;

/// <summary>
/// What was read last of blocks and segments, by windows of 1 MiB that begin at multiples of that. A window is read once, however many wait for it; neighbours
/// that are wanted together are read together. Charged by whole slabs, together with what is on its way; what was used longest ago leaves, and whoever has a
/// lease keeps its bytes.
/// </summary>
internal sealed class BlockCache : IAsyncDisposable
{
    /// <summary>Bytes of a window.</summary>
    public const int WindowBytes = Limits.MiB;

    /// <summary>Most windows that are read with one request.</summary>
    public const int MaxWindows = 8;

    /// <summary>The part of the cache for what was read ahead and nobody has used yet.</summary>
    public const int AheadShare = 2;

    // Whoever takes less than this share of a slab gets a copy: an answer of a few bytes must not keep megabytes that nobody counts any more.
    private const int LeastShare = 8;

    /// <summary>The part of the cache for what the broker's own work reads: some blocks, of which a pass of splitting takes a part and the next one the rest.</summary>
    public const int BackgroundShare = 4;

    private readonly Lock _gate = new();
    private readonly BlobReads _reads;
    private readonly ReadPermits _permits;
    private readonly ReadCounts _counts;
    private readonly SlabPool _slabs;
    private readonly long _maxBytes;
    private readonly StretchTable _stretches = new();
    private readonly LinkedList<Stretch> _used = [];
    private readonly LinkedList<Stretch> _usedByBackground = [];
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _bytes;
    private long _backgroundBytes;
    private long _aheadBytes;
    private long _heldBytes;
    private int _loading;
    private bool _isDisposed;

    public BlockCache(BlobReadingSetup setup, ReadPermits permits, ReadCounts counts)
    {
        _permits = permits;
        _counts = counts;
        _slabs = setup.Slabs;
        _maxBytes = setup.Options.CacheBytes;
        _reads = new BlobReads(setup, permits, counts, MakeRoom);
    }

    /// <summary>Sends the requests.</summary>
    public BlobReads Reads => _reads;

    /// <summary>Whoever holds memory of reads, for <see cref="DisposeAsync"/> to wait for.</summary>
    public RunningWork Work { get; } = new();

    /// <summary>Memory of what is kept, of what is on its way, and of what was given up while somebody waits with it for the rest of his range.</summary>
    public long Bytes => Interlocked.Read(ref _bytes) + Interlocked.Read(ref _heldBytes) + _permits.Bytes;

    /// <summary>Memory of what was read ahead, or is being, and nobody has used yet.</summary>
    public long AheadBytes => Interlocked.Read(ref _aheadBytes);

    /// <summary>Gives a range of an object, which the caller disposes: at once if all of it is here.</summary>
    /// <exception cref="MissingObjectException">There is no such object.</exception>
    /// <exception cref="CorruptBlockException">The object ends before the range does.</exception>
    /// <exception cref="StorageException">The store could not be asked, or refused.</exception>
    public ValueTask<LeasedRange> LeaseAsync(ObjectRange range, ReadPriority priority, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var claimed = Claim(range, priority, out var isLoaded);
        return isLoaded ? new(Build(claimed, range)) : WaitAsync(claimed, range, cancellationToken);
    }

    /// <summary>How many requests it would take to have a range now: none for what is here, or on its way for somebody.</summary>
    public int RequestsFor(in ObjectRange range)
    {
        var requests = 0;
        lock (_gate)
        {
            for (int window = WindowOf(range.Position), last = WindowOf(range.End - 1); window <= last;)
            {
                if (_stretches.MissingFrom(range.Name, window, Math.Min(last, window + MaxWindows - 1), out window) is not null) requests++;
            }
        }

        return requests;
    }

    /// <summary>Reads ahead of a reader what is not here yet of some windows, if there is room for that now. Nobody waits for it: a failure shows when somebody does.</summary>
    /// <param name="stream">Who reads on.</param>
    /// <param name="windows">Where it will; the range may begin and end within windows.</param>
    /// <param name="priority">Whose limits count.</param>
    /// <returns>False if there was no room: it may be tried later.</returns>
    public bool TryReadAhead(ReadStream stream, ObjectRange windows, ReadPriority priority)
    {
        var started = new List<Stretch>();
        var isDone = true;
        lock (_gate)
        {
            if (_isDisposed) return false;
            for (int window = WindowOf(windows.Position), last = WindowOf(windows.End - 1); window <= last && isDone;)
            {
                var missing = _stretches.MissingFrom(windows.Name, window, Math.Min(last, window + MaxWindows - 1), out window);
                if (missing is not { } run) continue;

                var stretch = NewStretch(windows, run, priority);
                isDone = _aheadBytes + stretch.Ticket.Bytes <= _maxBytes / AheadShare && _permits.TryEnter(stretch.Ticket);
                if (!isDone) break;

                stretch.AheadOf = stream;
                stretch.IsReadOn = true;
                stretch.AheadBytes = stretch.Ticket.Bytes;
                stretch.Waiting = 1; // Nobody's leaving ends it.
                Interlocked.Add(ref _aheadBytes, stretch.AheadBytes);
                _stretches.Add(stretch);
                _loading++;
                _counts.OnReadAhead(stretch.Count);
                started.Add(stretch);
            }
        }

        foreach (var stretch in started) _ = AheadAsync(stretch, RangeOf(stretch, windows.DataBytes));
        return isDone;
    }

    /// <summary>Keeps an object that was read as a whole, unless it is here. Takes over the slab.</summary>
    public void Add(string name, Slab slab, int length, ReadPriority priority)
    {
        var lease = LeaseOf(slab, length);
        lock (_gate)
        {
            if (!_isDisposed && _stretches.Find(name, 0) is null)
            {
                var stretch = new Stretch(name, 0, 1, BlobReads.TicketOf(priority, length)) { IsBackground = priority == ReadPriority.Background };
                _stretches.Add(stretch);
                stretch.Keep(lease, length);
                Keep(stretch);
                return;
            }
        }

        lease.Dispose();
    }

    /// <summary>Forgets what is kept of an object: its bytes do not verify, and are to be read again.</summary>
    public void Discard(string name)
    {
        lock (_gate)
        {
            foreach (var stretch in _stretches.Of(name))
            {
                if (stretch.Place is not null) Evict(stretch);
            }
        }
    }

    /// <summary>Ends what is on its way, waits for it and for all <see cref="Work"/>, and gives up what is kept.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _isDisposed = true;
            while (Oldest() is { } oldest) Evict(oldest);
            if (_loading == 0) _idle.TrySetResult();
        }

        await _reads.DisposeAsync();
        await _idle.Task;
        await Work.EndedAsync();
    }

    private static int WindowOf(long position) => (int)(position / WindowBytes);

    private static BlobRange RangeOf(Stretch stretch, long dataBytes)
    {
        var start = (long)stretch.First * WindowBytes;
        return new BlobRange(stretch.Name, start, (int)Math.Min((long)stretch.Count * WindowBytes, dataBytes - start));
    }

    private static Stretch NewStretch(in ObjectRange range, (int First, int Count) windows, ReadPriority priority)
    {
        var start = (long)windows.First * WindowBytes;
        var length = (int)Math.Min((long)windows.Count * WindowBytes, range.DataBytes - start);
        return new Stretch(range.Name, windows.First, windows.Count, BlobReads.TicketOf(priority, length)) { IsBackground = priority == ReadPriority.Background };
    }

    // Counts the caller with each stretch that has a part of the range, and begins to read what no stretch has.
    private List<Stretch> Claim(in ObjectRange range, ReadPriority priority, out bool isLoaded)
    {
        var claimed = new List<Stretch>(1);
        List<Stretch>? started = null;
        isLoaded = true;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            for (int window = WindowOf(range.Position), last = WindowOf(range.End - 1); window <= last;)
            {
                var stretch = _stretches.Find(range.Name, window);
                if (stretch is null)
                {
                    var run = _stretches.MissingFrom(range.Name, window, Math.Min(last, window + MaxWindows - 1), out _)!.Value;
                    stretch = NewStretch(range, run, priority);
                    _stretches.Add(stretch);
                    _loading++;
                    (started ??= []).Add(stretch);
                    _counts.OnMisses(stretch.Count);
                }
                else
                {
                    Use(stretch, priority);
                    _counts.OnHits(Math.Min(stretch.End, last + 1) - window);
                }

                stretch.Waiting++;
                claimed.Add(stretch);
                isLoaded &= stretch.IsLoaded;
                window = stretch.End;
            }
        }

        if (started is not null)
        {
            foreach (var stretch in started) _ = LoadAsync(stretch, RangeOf(stretch, range.DataBytes), isEntered: false);
        }

        return claimed;
    }

    private void Use(Stretch stretch, ReadPriority priority)
    {
        if (stretch.AheadOf is not null) Settle(stretch);
        if (!stretch.IsLoaded) _permits.Promote(stretch.Ticket, priority);
        if (priority != ReadPriority.Background && stretch.IsBackground)
        {
            Unlist(stretch);
            stretch.IsBackground = false;
            if (stretch.IsLoaded) List(stretch);
        }
        else if (!stretch.IsReadOn && stretch.Place is { } place && stretch.IsBackground == (priority == ReadPriority.Background))
        {
            var list = place.List!;
            list.Remove(place);
            list.AddLast(place);
        }
    }

    private async ValueTask<LeasedRange> WaitAsync(List<Stretch> claimed, ObjectRange range, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var stretch in claimed) await stretch.Loaded.GetAsync(cancellationToken);
        }
        catch
        {
            Leave(claimed);
            throw;
        }

        return Build(claimed, range);
    }

    private LeasedRange Build(List<Stretch> claimed, in ObjectRange range)
    {
        var leased = new LeasedRange(_slabs);
        try
        {
            foreach (var stretch in claimed) AddPiece(leased, stretch, range);
            return leased;
        }
        catch
        {
            leased.Dispose();
            throw;
        }
        finally
        {
            Leave(claimed);
        }
    }

    private void AddPiece(LeasedRange leased, Stretch stretch, in ObjectRange range)
    {
        var start = (long)stretch.First * WindowBytes;
        var position = Math.Max(range.Position, start);
        var wanted = (int)(Math.Min(range.End, (long)stretch.End * WindowBytes) - position);
        var there = (int)Math.Clamp(start + stretch.Length - position, 0, wanted);
        if (there < wanted) throw new CorruptBlockException(range.Name, position + there, $"the object ends here; {wanted - there} bytes more were expected.");

        var lease = stretch.Lease;
        var inLease = (int)(position - start);
        if ((long)wanted * LeastShare >= lease.Block.ChargedBytes || SlabPool.SlabBytesFor(wanted) >= lease.Block.ChargedBytes)
        {
            leased.Add(lease.Again(LeaseHolder.Response), inLease, position, wanted);
            return;
        }

        var slab = _slabs.Rent(wanted);
        lease.Memory.Span.Slice(inLease, wanted).CopyTo(slab.GetSpan());
        leased.Add(Block.OfRead(_slabs, slab, wanted), 0, position, wanted);
    }

    private void Leave(List<Stretch> claimed)
    {
        List<Stretch>? abandoned = null;
        lock (_gate)
        {
            foreach (var stretch in claimed)
            {
                if (Release(stretch)) (abandoned ??= []).Add(stretch);
            }
        }

        if (abandoned is null) return;
        foreach (var stretch in abandoned) stretch.Abandon();
    }

    // True if nobody waits for it any more while it is on its way.
    private bool Release(Stretch stretch)
    {
        if (--stretch.Waiting > 0) return false;
        if (!stretch.IsLoaded) return _stretches.Remove(stretch);
        if (stretch.Place is null)
        {
            Interlocked.Add(ref _heldBytes, -stretch.Lease.Block.ChargedBytes);
            stretch.Lease.Dispose();
        }

        return false;
    }

    private async Task AheadAsync(Stretch stretch, BlobRange range)
    {
        Work.Begin();
        try
        {
            await LoadAsync(stretch, range, isEntered: true);
            Leave([stretch]);
        }
        finally
        {
            Work.End();
        }
    }

    private async Task LoadAsync(Stretch stretch, BlobRange range, bool isEntered)
    {
        try
        {
            var read = isEntered
                ? await _reads.ReadEnteredAsync(range, stretch.Ticket, stretch.Abandoned)
                : await _reads.ReadAsync(range, stretch.Ticket, stretch.Abandoned);
            Loaded(stretch, LeaseOf(read.Slab, read.Length), read.Length);
            stretch.Loaded.Set(true);
        }
        catch (Exception failure)
        {
            lock (_gate)
            {
                _stretches.Remove(stretch);
                Settle(stretch);
            }

            stretch.Loaded.Fail(failure);
        }
        finally
        {
            lock (_gate)
            {
                if (--_loading == 0 && _isDisposed) _idle.TrySetResult();
            }
        }
    }

    private void Loaded(Stretch stretch, BlockLease lease, int length)
    {
        lock (_gate)
        {
            if (stretch.Waiting > 0)
            {
                stretch.Keep(lease, length);
                if (_isDisposed)
                {
                    _stretches.Remove(stretch);
                    Hold(stretch);
                }
                else
                {
                    Keep(stretch);
                }

                return;
            }
        }

        lease.Dispose();
    }

    // What came may be far less than what was asked for, where an object is short.
    private BlockLease LeaseOf(Slab slab, int length)
    {
        if (SlabPool.SlabBytesFor(length) == slab.Length) return Block.OfRead(_slabs, slab, length);

        var fitting = _slabs.Rent(length);
        slab.GetSpan()[..length].CopyTo(fitting.GetSpan());
        slab.Return();
        return Block.OfRead(_slabs, fitting, length);
    }

    private void Keep(Stretch stretch)
    {
        List(stretch);
        Trim();
    }

    private void List(Stretch stretch)
    {
        var bytes = stretch.Lease.Block.ChargedBytes;
        Interlocked.Add(ref _bytes, bytes);
        if (stretch.IsBackground) _backgroundBytes += bytes;
        stretch.Place = (stretch.IsBackground ? _usedByBackground : _used).AddLast(stretch);
    }

    private void Unlist(Stretch stretch)
    {
        if (stretch.Place is not { } place) return;
        var bytes = stretch.Lease.Block.ChargedBytes;
        Interlocked.Add(ref _bytes, -bytes);
        if (stretch.IsBackground) _backgroundBytes -= bytes;
        place.List!.Remove(place);
        stretch.Place = null;
    }

    private void MakeRoom()
    {
        lock (_gate) Trim();
    }

    private void Trim()
    {
        while (_backgroundBytes > _maxBytes / BackgroundShare) Evict(_usedByBackground.First!.Value);
        while (Bytes > _maxBytes && Oldest() is { } oldest) Evict(oldest);
    }

    private Stretch? Oldest() => _used.First?.Value ?? _usedByBackground.First?.Value;

    private void Evict(Stretch stretch)
    {
        var isUnused = stretch.AheadOf is not null;
        stretch.AheadOf?.OnEvictedUnused();
        _counts.OnEvicted(stretch.Count, isUnused);
        Settle(stretch);
        Unlist(stretch);
        _stretches.Remove(stretch);
        if (stretch.Waiting == 0) stretch.Lease.Dispose();
        else Hold(stretch);
    }

    // Until the last who waits has taken it.
    private void Hold(Stretch stretch) => Interlocked.Add(ref _heldBytes, stretch.Lease.Block.ChargedBytes);

    // It is no longer ahead of anybody.
    private void Settle(Stretch stretch)
    {
        stretch.AheadOf = null;
        Interlocked.Add(ref _aheadBytes, -stretch.AheadBytes);
        stretch.AheadBytes = 0;
    }
}
