using System.Numerics;
using OrleansStream.Model;

namespace OrleansStream.Log.Blocks;

/// <summary>
/// Lends slabs in size classes of powers of two, from 4 KiB to 16 MiB. How much is out is bounded by those who rent (the lane by its open bytes, the caches
/// by theirs); what comes back is kept up to a bound, beyond which the sizes go that nobody asked for longest. Safe for any number of callers.
/// </summary>
public class SlabPool : IDisposable
{
    /// <summary>Where slabs start in memory: what direct I/O asks for.</summary>
    public const int Alignment = Limits.BlockAlignment;

    /// <summary>Smallest and largest slab.</summary>
    public const int MinSlabBytes = Limits.BlockAlignment, MaxSlabBytes = Limits.MaxBlockBytes;

    /// <summary>Bytes that are kept unless another bound is given.</summary>
    public const long DefaultKeptBytes = 32L * Limits.MiB;

    /// <summary>What fills returned memory where leases are tracked, so that a reader without a lease is found out.</summary>
    public const byte Dead = 0xDB;

    private readonly Stack<Slab>[] _kept;
    private readonly long[] _lastRent;
    private readonly long _maxKeptBytes;
    private long _rents;
    private long _bytesOut;
    private long _bytesKept;
    private bool _isDisposed;

    /// <param name="maxKeptBytes">Free bytes that are kept for the next rent, 0 or more.</param>
    public SlabPool(long maxKeptBytes = DefaultKeptBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxKeptBytes);
        _maxKeptBytes = maxKeptBytes;
        _kept = new Stack<Slab>[ClassOf(MaxSlabBytes) + 1];
        _lastRent = new long[_kept.Length];
        for (var i = 0; i < _kept.Length; i++) _kept[i] = new Stack<Slab>();
    }

    /// <summary>Bytes lent at present, in whole slabs.</summary>
    public long BytesOut => Interlocked.Read(ref _bytesOut);

    /// <summary>Free bytes kept at present.</summary>
    public long BytesKept => Interlocked.Read(ref _bytesKept);

    /// <summary>Leases of blocks whose memory came from this pool.</summary>
    public LeaseLedger Leases { get; } = new();

    /// <summary>Length of the slab that <see cref="Rent"/> would give for this many bytes.</summary>
    public static int SlabBytesFor(int bytes) => MinSlabBytes << ClassOf(bytes);

    /// <summary>Lends a slab of at least this many bytes, at most <see cref="MaxSlabBytes"/>. What it holds is undefined.</summary>
    public Slab Rent(int bytes)
    {
        var sizeClass = ClassOf(bytes);
        var length = MinSlabBytes << sizeClass;
        Slab? slab;
        lock (_kept)
        {
            _lastRent[sizeClass] = ++_rents;
            if (_kept[sizeClass].TryPop(out slab)) _bytesKept -= length;
        }

        slab ??= new Slab(this, sizeClass, length);
        slab.GoOut();
        OnLent(slab);
        Interlocked.Add(ref _bytesOut, length);
        return slab;
    }

    /// <summary>Frees what is kept; slabs that come back later are freed at once.</summary>
    public void Dispose()
    {
        lock (_kept)
        {
            _isDisposed = true;
            foreach (var stack in _kept)
            {
                while (stack.TryPop(out var slab)) slab.Free();
            }

            _bytesKept = 0;
        }

        GC.SuppressFinalize(this);
    }

    internal void TakeBack(Slab slab)
    {
        if (!MayComeBack(slab)) return;
        if (LeaseLedger.IsTracking) slab.GetSpan().Fill(Dead);
        Interlocked.Add(ref _bytesOut, -slab.Length);
        while (MakeRoomFor(slab) is { } surplus)
        {
            surplus.Free();
            if (ReferenceEquals(surplus, slab)) return;
        }
    }

    /// <summary>A slab was lent. Overridden only by simulations, which free the memory of processes that they have killed.</summary>
    protected virtual void OnLent(Slab slab)
    {
    }

    /// <summary>Whether a slab that is given back is taken: its memory is still there. Overridden as above.</summary>
    protected virtual bool MayComeBack(Slab slab) => true;

    // Keeps the slab (null), or answers what is to be freed before that: the bound is for the sizes that are in use now. Left with those of a load that
    // is over it would make every other rent a fresh mapping, whose page faults cost more than the copy into it.
    private Slab? MakeRoomFor(Slab slab)
    {
        lock (_kept)
        {
            if (_isDisposed || slab.Length > _maxKeptBytes) return slab;

            if (_bytesKept + slab.Length <= _maxKeptBytes)
            {
                _kept[slab.SizeClass].Push(slab);
                _bytesKept += slab.Length;
                return null;
            }

            var stalest = slab.SizeClass;
            for (var i = 0; i < _kept.Length; i++)
            {
                if (_kept[i].Count > 0 && _lastRent[i] < _lastRent[stalest]) stalest = i;
            }

            if (stalest == slab.SizeClass) return slab;

            var surplus = _kept[stalest].Pop();
            _bytesKept -= surplus.Length;
            return surplus;
        }
    }

    private static int ClassOf(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, MaxSlabBytes);
        return bytes <= MinSlabBytes ? 0 : BitOperations.Log2((uint)(bytes - 1) / MinSlabBytes) + 1;
    }
}
