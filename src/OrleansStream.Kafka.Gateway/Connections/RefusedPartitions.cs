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

    // Of which the client cannot know, by number; and those of which it could when a later request was read, for which the requests before that one are
    // waited for. A client that never rests has a second's worth of them, so nothing here goes through them all: each is taken in once and out once.
    private readonly LinkedList<Refusal> _holding = [];
    private readonly Queue<Refusal> _ending = new();
    private readonly OldestCatalog _beyond = new();
    private int _unknown;

    // Numbers of the last refusal that was told, and of the last one up to which everything was read since then. Answers leave in their order.
    private long _told;
    private long _readUpTo;
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

    /// <summary>Whether all that had come is read, but perhaps for a part of the next request.</summary>
    public bool IsReaderWaiting => _isReaderWaiting;

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
                _readUpTo = _told;
            }
        }
    }

    /// <summary>The reader has a request.</summary>
    public void ReaderGoesOn() => _isReaderWaiting = false;

    /// <summary>A batch of which nobody knows whether it is stored is answered so, in an answer that has not left. It may turn out later that it was lost.</summary>
    public void Expect(Refusal refusal)
    {
        lock (_lock)
        {
            _isUsed = true;
            List(refusal);
        }
    }

    /// <summary>
    /// A batch was refused, in an answer that has not left; or it was lost after an answer that was <see cref="Expect">expected</see> to come to that. Batches of
    /// several requests are refused in any order.
    /// </summary>
    public void Add(Refusal refusal, string topic, int index, CatalogSnapshot catalog)
    {
        lock (_lock)
        {
            // All that was sent before its client could know has its place, or is refused, by now.
            if (refusal.IsForgotten)
            {
                return;
            }

            _isUsed = true;
            List(refusal);
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
                if (!refusal.HasBeyond)
                {
                    refusal.HasBeyond = true;
                    _beyond.Add(refusal.Number, catalog);
                }

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
            _told = refusal.Number;
            if (_isReaderWaiting)
            {
                _readUpTo = _told;
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

            // Those that are left hold this request. By the catalog of its own moment each, which the oldest of them stands for.
            return (_partitions.TryGetValue((topic, index), out var held) && request <= held.Refusal.LastBefore)
                || (_beyond.Current is { } then && !ExistedThen(then, topic, index, catalog));
        }
    }

    // A topic that was deleted and made anew is another one.
    private static bool ExistedThen(CatalogSnapshot then, string topic, int index, CatalogSnapshot catalog) =>
        Exists(then, topic, index) && catalog.Find(topic)?.Id == then.Find(topic)!.Id;

    // Behind it may stand those of requests that are not answered yet.
    private void List(Refusal refusal)
    {
        if (refusal.IsListed)
        {
            return;
        }

        refusal.IsListed = true;
        var before = _holding.Last;
        while (before is not null && before.Value.Number > refusal.Number)
        {
            before = before.Previous;
        }

        if (before is null)
        {
            _holding.AddFirst(refusal);
        }
        else
        {
            _holding.AddAfter(before, refusal);
        }
    }

    private void EndHoldsNow()
    {
        var now = time.GetTimestamp();
        while (_holding.First is { } first && MayBeKnown(first.Value, now))
        {
            first.Value.LastBefore = _read;
            _holding.RemoveFirst();
            _ending.Enqueue(first.Value);
        }

        Forget(Volatile.Read(ref _appended) + 1);
    }

    // They are told in their order: those behind one that its client may not know of are younger.
    private bool MayBeKnown(Refusal refusal, long now) =>
        refusal.ToldAt is { } toldAt && time.GetElapsedTime(toldAt, now) is var age && age >= FlightTime && (refusal.Number <= _readUpTo || age >= LongestHold);

    // Answers leave in the order of their requests, so the oldest refusals are forgotten first.
    private void Forget(long request)
    {
        while (_ending.TryPeek(out var oldest) && oldest.LastBefore < request)
        {
            _ending.Dequeue();
            _beyond.Forget(oldest.Number);
            Forget(oldest);
        }

        _isUsed = _holding.Count + _ending.Count > 0;
    }

    private void Forget(Refusal refusal)
    {
        refusal.IsForgotten = true;
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
