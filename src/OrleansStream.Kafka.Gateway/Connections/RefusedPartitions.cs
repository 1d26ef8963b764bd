namespace OrleansStream.Kafka.Gateway.Connections;

/// <summary>
/// Partitions of which this connection had a batch refused that was well-formed: not here, not yet, not any more. What its client had sent behind that batch
/// before it could see the refusal is refused too, though the partition may be open by then: a batch must not be lost in front of a later one. Any thread.
/// </summary>
internal sealed class RefusedPartitions(int most = RefusedPartitions.Most)
{
    /// <summary>Partitions that are kept. Beyond that every partition counts as refused until the client can know.</summary>
    public const int Most = 1_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Topic, int Index), Refusal> _partitions = [];
    private readonly Queue<((string Topic, int Index) Partition, Refusal Refusal)> _order = new();
    private volatile Refusal? _everything;
    private volatile bool _isUsed;
    private long _read;

    /// <summary>A request was read; its number among those of the connection.</summary>
    public long NumberOfNext() => Interlocked.Increment(ref _read);

    /// <summary>A batch was refused, in an answer that has not left.</summary>
    public void Add(Refusal refusal, string topic, int index)
    {
        lock (_lock)
        {
            _isUsed = true;
            if (_order.Count >= most)
            {
                _everything = refusal;
                return;
            }

            _partitions[(topic, index)] = refusal;
            _order.Enqueue(((topic, index), refusal));
        }
    }

    /// <summary>Whether every partition counts as refused on account of it: nothing need be added to it any more.</summary>
    public bool HoldsAll(Refusal refusal) => _everything == refusal;

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

    /// <summary>The answer is with the client, or on its way: what is read from now on was sent by one who may know.</summary>
    public void Tell(Refusal refusal) => refusal.LastBefore = Interlocked.Read(ref _read);

    /// <summary>Whether the request was sent behind a refused batch of that partition, by a client that could not know. Requests ask in their order.</summary>
    public bool Holds(long request, string topic, int index) => _isUsed && HoldsBehind(request, topic, index);

    private bool HoldsBehind(long request, string topic, int index)
    {
        lock (_lock)
        {
            Forget(request);
            return _everything is not null || (_partitions.TryGetValue((topic, index), out var refusal) && request <= refusal.LastBefore);
        }
    }

    // Answers leave in the order of their requests, so the oldest refusals are forgotten first.
    private void Forget(long request)
    {
        while (_order.TryPeek(out var oldest) && oldest.Refusal.LastBefore < request)
        {
            _order.Dequeue();
            if (_partitions.TryGetValue(oldest.Partition, out var latest) && latest == oldest.Refusal)
            {
                _partitions.Remove(oldest.Partition);
            }
        }

        if (_everything is { } all && all.LastBefore < request)
        {
            _everything = null;
        }

        _isUsed = _order.Count > 0 || _everything is not null;
    }
}

/// <summary>What one answer refuses.</summary>
internal sealed class Refusal
{
    private long _lastBefore = long.MaxValue;

    /// <summary>The last request that was read before the client could see the answer; every one, as long as it cannot.</summary>
    public long LastBefore
    {
        get => Volatile.Read(ref _lastBefore);
        set => Volatile.Write(ref _lastBefore, value);
    }
}
