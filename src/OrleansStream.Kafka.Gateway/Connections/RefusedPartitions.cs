using OrleansStream.Abstractions.Topics;

namespace OrleansStream.Kafka.Gateway.Connections;

/// <summary>
/// Partitions of which this connection had a batch refused that was well-formed: not here, not yet, not any more. What its client had sent behind that batch
/// before it could see the refusal is refused too, though the partition may be open by then: a batch must not be lost in front of a later one. Any thread.
/// </summary>
/// <remarks>
/// Partitions that exist are remembered by name, as many as there are. Of those that do not, <paramref name="mostUnknown"/> are; for what is beyond, the
/// catalog of that moment is kept, and a partition that has come to be since then counts as one of them. So what existed is served whatever stood before it.
/// </remarks>
internal sealed class RefusedPartitions(int mostUnknown = RefusedPartitions.MostUnknown)
{
    /// <summary>Partitions that do not exist and are remembered by name.</summary>
    public const int MostUnknown = 1_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Topic, int Index), Held> _partitions = [];

    // By number. No more than there are unanswered requests, and a few whose answers have left.
    private readonly List<Refusal> _refusals = [];
    private Refusal? _beyond;
    private CatalogSnapshot? _existedBeyond;
    private int _unknown;
    private volatile bool _isUsed;
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
    public long NumberOfNext() => Interlocked.Increment(ref _read);

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
                _beyond = _beyond?.Number > refusal.Number ? _beyond : refusal;
                _existedBeyond ??= catalog;
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

    /// <summary>The answer is with the client, or on its way: what is read from now on was sent by one who may know.</summary>
    public void Tell(Refusal refusal)
    {
        lock (_lock)
        {
            refusal.LastBefore = Interlocked.Read(ref _read);

            // A connection that is silent from now on keeps nothing.
            Forget(Volatile.Read(ref _appended) + 1);
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
            return (_partitions.TryGetValue((topic, index), out var held) && request <= held.Refusal.LastBefore) ||
                (_beyond is not null && request <= _beyond.LastBefore && !ExistedBeyond(topic, index, catalog));
        }
    }

    // A topic that was deleted and made anew is another one.
    private bool ExistedBeyond(string topic, int index, CatalogSnapshot catalog) =>
        Exists(_existedBeyond!, topic, index) && catalog.Find(topic)?.Id == _existedBeyond!.Find(topic)!.Id;

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

        if (_beyond == refusal)
        {
            (_beyond, _existedBeyond) = (null, null);
        }
    }

    private readonly record struct Held(Refusal Refusal, bool IsUnknown);
}
