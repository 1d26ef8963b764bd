using System.Collections.Concurrent;

namespace OrleansStream.Log.Blocks;

/// <summary>
/// Counts the leases out for each holder. Debug builds, and any run that sets <see cref="IsTracking"/> before its first lease, also know each single lease
/// with the place that took it: a second return throws, and <see cref="Open"/> names what was never returned.
/// </summary>
public sealed class LeaseLedger
{
    private const int Holders = 5;

    // A cache line for each counter: the lane, the cache and responses count at the same time on different cores.
    private const int Stride = 8;

    private readonly long[] _counts = new long[(Holders + 1) * Stride];
    private readonly ConcurrentDictionary<long, OpenLease> _open = new();
    private long _lastTicket;

    /// <summary>Whether each lease is known by itself. True in debug builds; a simulation sets it.</summary>
    public static bool IsTracking { get; set; }
#if DEBUG
        = true;
#endif

    /// <summary>Leases of all holders.</summary>
    public long Total
    {
        get
        {
            var total = 0L;
            for (var holder = 0; holder < Holders; holder++) total += Count((LeaseHolder)holder);
            return total;
        }
    }

    /// <summary>The leases that are out, with the place that took each; empty where leases are not tracked.</summary>
    public IReadOnlyCollection<OpenLease> Open => [.. _open.Values];

    public long Count(LeaseHolder holder) => Interlocked.Read(ref _counts[((int)holder + 1) * Stride]);

    internal long Take(Block block, LeaseHolder holder, string file, int line)
    {
        Interlocked.Increment(ref _counts[((int)holder + 1) * Stride]);
        if (!IsTracking) return 0;

        var ticket = Interlocked.Increment(ref _lastTicket);
        _open[ticket] = new OpenLease(holder, block.Slot, file, line);
        return ticket;
    }

    internal void Return(LeaseHolder holder, long ticket)
    {
        if (ticket != 0 && !_open.TryRemove(ticket, out _)) throw new InvalidOperationException($"A lease of holder {holder} was given back twice.");
        Interlocked.Decrement(ref _counts[((int)holder + 1) * Stride]);
    }
}

/// <summary>A lease that was taken and not given back.</summary>
public sealed record OpenLease(LeaseHolder Holder, Model.Ids.Slot Slot, string File, int Line);
