using OrleansStream.Abstractions.Topics;

namespace OrleansStream.Kafka.Gateway.Connections;

/// <summary>
/// Partitions of which this connection had a batch refused that was well-formed: not here, not yet, not any more. What its client had sent behind that batch
/// before it could see the refusal is refused too, though the partition may be open by then: a batch must not be lost in front of a later one. Any thread.
/// </summary>
/// <remarks>
/// <para>
/// When a client sees an answer cannot be known here. What lies in our buffers when the answer leaves was sent before that; so was what arrives within one
/// way of the network. A refusal therefore holds on until the reader has found nothing more to read since the answer left, and <see cref="FlightTime"/> has
/// passed. Clients wait about 100 ms (retry.backoff.ms) before they send a refused batch again, and keep those behind it back meanwhile, so that this costs
/// them nothing; one that comes again sooner is refused once more. <see cref="LongestHold"/> ends it for a client that never lets the reader rest.
/// </para>
/// <para>
/// What stays open: a batch that is longer under way than that, or one that the client's program had sent before it looked at the answer that its kernel
/// had; a client that goes on with later batches after it gave a refused one up; and a client that comes back on another connection while this one still
/// begins what it read. Kafka has all of them, and closes no part: with enable.idempotence=false and more than one request in flight it refuses a batch while
/// there is no leader and takes the next one when there is, and its documentation says that retries may then change the order. An idempotent producer is
/// safe in both: its sequence numbers tell a gap, except in front of the first batch that a partition stores of it, where Kafka takes any number too.
/// </para>
/// Partitions that exist are remembered by name, as many as there are. Of those that do not, <paramref name="mostUnknown"/> are; for what is beyond, the
/// catalog of that moment is kept, and a partition that has come to be since then counts as one of them. So what existed is served whatever stood before it.
/// </remarks>
/// <param name="time">The clock.</param>
/// <param name="mostUnknown">Partitions that do not exist and are remembered.</param>
internal sealed class RefusedPartitions(TimeProvider time, int mostUnknown = RefusedPartitions.MostUnknown)
{
    /// <summary>Partitions that do not exist and are remembered by name.</summary>
    public const int MostUnknown = 1_000;

    /// <summary>How long a batch may be under way that was sent before its client could see the refusal. Less than any usual client waits before it tries again.</summary>
    public static readonly TimeSpan FlightTime = TimeSpan.FromMilliseconds(50);

    /// <summary>How long a refusal holds after its answer has left though requests come without a gap.</summary>
    public static readonly TimeSpan LongestHold = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Topic, int Index), Held> _partitions = [];

    // By number. No more than there are unanswered requests, and a few whose answers have left.
    private readonly List<Refusal> _refusals = [];
    private int _unknown;
    private volatile bool _isUsed;
    private volatile bool _isReaderWaiting;
    private long _read;
    private long _appended;

    /// <summary>Partitions that are remembered by name.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _partitions.Count;
            }
        }
    }

    /// <summary>A request was read; its number among those of the connection.</summary>
    public long NumberOfNext()
    {
        EndHolds();
        return Interlocked.Increment(ref _read);
    }

    /// <summary>Ends the holds whose time is over: of what is read from here on, the client may know them. Also called now and then, so that a connection that has fallen silent keeps nothing.</summary>
    public void EndHolds()
    {
        if (_isUsed)
        {
            lock (_lock)
            {
                EndHoldsNow();
            }
        }
    }

    /// <summary>The reader waits for the peer: all that had come is read, but perhaps for a part of the next request.</summary>
    public void ReaderWaits()
    {
        _isReaderWaiting = true;
        if (_isUsed)
        {
            lock (_lock)
            {
                NoteReadUpTo();
            }
        }
    }

    /// <summary>The reader has a request.</summary>
    public void ReaderGoesOn() => _isReaderWaiting = false;

    /// <summary>A batch was refused, in an answer that has not left. Batches of several requests are refused in any order.</summary>
    public void Add(Refusal refusal, string topic, int index, CatalogSnapshot catalog)
    {
        lock (_lock)
        {
            _isUsed = true;
            Enlist(refusal);
            var name = (topic, index);
            var isHeld = _partitions.TryGetValue(name, out var held);

            // Answers leave in the order of their requests, so that the later request's refusal is told later.
            if (isHeld && held.Refusal.Number >= refusal.Number)
            {
                return;
            }

            var isUnknown = !Exists(catalog, topic, index);
            if (isUnknown && !isHeld && _unknown >= mostUnknown)
            {
                refusal.Beyond ??= catalog;
                return;
            }

            _unknown += (isUnknown ? 1 : 0) - (isHeld && held.IsUnknown ? 1 : 0);
            _partitions[name] = new(refusal, isUnknown);
            refusal.Partitions.Add(name);
        }
    }

    /// <summary>Forgets what the client knew of when it sent the request. Requests ask in their order.</summary>
    public void ForgetTold(long request)
    {
        if (_isUsed)
        {
            lock (_lock)
            {
                Forget(request);
            }
        }
    }

    /// <summary>Every batch of the request has its place or is refused. Requests come here in their order.</summary>
    public void Appended(long request)
    {
        Volatile.Write(ref _appended, request);
        ForgetTold(request + 1);
    }

    /// <summary>The answer is with the kernel. Its client will know soon.</summary>
    public void Tell(Refusal refusal)
    {
        lock (_lock)
        {
            refusal.ToldAt = time.GetTimestamp();
            if (_isReaderWaiting)
            {
                NoteReadUpTo();
            }
        }
    }

    /// <summary>Whether the request was sent behind a refused batch of that partition, by a client that could not know. Requests ask in their order.</summary>
    /// <param name="request">Its number.</param>
    /// <param name="topic">The topic's name.</param>
    /// <param name="index">The partition's index.</param>
    /// <param name="catalog">The topics that exist now.</param>
    public bool Holds(long request, string topic, int index, CatalogSnapshot catalog) => _isUsed && HoldsBehind(request, topic, index, catalog);

    private static bool Exists(CatalogSnapshot catalog, string topic, int index) => catalog.Find(topic) is { } known && (uint)index < (uint)known.PartitionCount;

    private bool HoldsBehind(long request, string topic, int index, CatalogSnapshot catalog)
    {
        lock (_lock)
        {
            Forget(request);
            return (_partitions.TryGetValue((topic, index), out var held) && request <= held.Refusal.LastBefore) || IsBeyond(request, topic, index, catalog);
        }
    }

    // Each refusal by the catalog of its own moment: what has come to be between two is held behind the older one only.
    private bool IsBeyond(long request, string topic, int index, CatalogSnapshot catalog)
    {
        foreach (var refusal in _refusals)
        {
            if (refusal.Beyond is { } then && request <= refusal.LastBefore && !ExistedThen(then, topic, index, catalog))
            {
                return true;
            }
        }

        return false;
    }

    // A topic that was deleted and made anew is another one.
    private static bool ExistedThen(CatalogSnapshot then, string topic, int index, CatalogSnapshot catalog) =>
        Exists(then, topic, index) && catalog.Find(topic)?.Id == then.Find(topic)!.Id;

    private void Enlist(Refusal refusal)
    {
        var at = _refusals.Count;
        while (at > 0 && _refusals[at - 1].Number > refusal.Number)
        {
            at--;
        }

        if (at == 0 || _refusals[at - 1] != refusal)
        {
            _refusals.Insert(at, refusal);
        }
    }

    private void NoteReadUpTo()
    {
        foreach (var refusal in _refusals)
        {
            if (refusal.ToldAt is null)
            {
                return; // They are told in their order.
            }

            refusal.IsReadUpTo = true;
        }
    }

    private void EndHoldsNow()
    {
        var now = time.GetTimestamp();
        foreach (var refusal in _refusals)
        {
            if (refusal.ToldAt is not { } toldAt || time.GetElapsedTime(toldAt, now) < FlightTime)
            {
                break; // They are told in their order: those behind it are younger.
            }

            if (refusal.LastBefore == long.MaxValue && (refusal.IsReadUpTo || time.GetElapsedTime(toldAt, now) >= LongestHold))
            {
                refusal.LastBefore = _read;
            }
        }

        Forget(Volatile.Read(ref _appended) + 1);
    }

    // Answers leave in the order of their requests, so the oldest refusals are forgotten first.
    private void Forget(long request)
    {
        var forgotten = 0;
        while (forgotten < _refusals.Count && _refusals[forgotten].LastBefore < request)
        {
            Forget(_refusals[forgotten++]);
        }

        _refusals.RemoveRange(0, forgotten);
        _isUsed = _refusals.Count > 0;
    }

    private void Forget(Refusal refusal)
    {
        foreach (var name in refusal.Partitions)
        {
            if (_partitions.TryGetValue(name, out var held) && held.Refusal == refusal)
            {
                _partitions.Remove(name);
                _unknown -= held.IsUnknown ? 1 : 0;
            }
        }
    }

    private readonly record struct Held(Refusal Refusal, bool IsUnknown);
}
