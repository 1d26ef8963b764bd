using OrleansStream.Kafka.Protocol.Messages;

namespace OrleansStream.Kafka.Gateway.Fetching;

/// <summary>What one Fetch request reads: the partitions of its session, or its own.</summary>
internal sealed class FetchPlan
{
    private readonly List<FetchItem> _own = [];

    private FetchPlan(FetchRequest request, short version, FetchSession? session)
    {
        Session = session;
        UsesIds = version >= FirstWithIds;
        Version = version;
        MaxWait = TimeSpan.FromMilliseconds(Math.Max(request.MaxWaitMs, 0));
        MinBytes = Math.Max(request.MinBytes, 0);
        MaxBytes = Math.Max(request.MaxBytes, 0);
        Committed = request.IsolationLevel == IsolationLevel.ReadCommitted;
    }

    public const short FirstWithSessions = 7;

    public const short FirstWithIds = 13;

    /// <summary>Null for a request that leaves nothing behind.</summary>
    public FetchSession? Session { get; }

    public bool UsesIds { get; }

    public short Version { get; }

    public TimeSpan MaxWait { get; }

    public int MinBytes { get; }

    /// <summary>Of the whole answer, as the client wants it.</summary>
    public int MaxBytes { get; }

    public bool Committed { get; }

    /// <summary>Only what changed is told. False for the first answer of a session, and without one.</summary>
    public bool IsIncremental { get; private init; }

    /// <summary>Whether its client had to wait for bytes.</summary>
    public bool HasWaited { get; set; }

    public int Count => Session?.Count ?? _own.Count;

    /// <summary>A request that names all its partitions.</summary>
    public static FetchPlan Whole(FetchRequest request, short version)
    {
        var plan = new FetchPlan(request, version, null);
        foreach (var topic in request.Topics)
        {
            foreach (var partition in topic.Partitions)
            {
                var item = new FetchItem(new FetchKey(plan.UsesIds ? "" : topic.Name, topic.TopicId, partition.Index));
                item.Update(partition);
                plan._own.Add(item);
            }
        }

        return plan;
    }

    /// <summary>A request of a session, which knows its partitions by now.</summary>
    public static FetchPlan Of(FetchSession session, FetchRequest request, short version, bool incremental) =>
        new(request, version, session) { IsIncremental = incremental };

    /// <summary>The partitions in the order in which they are read, copied: the session changes its order meanwhile.</summary>
    public List<FetchItem> Items()
    {
        if (Session is null)
        {
            return _own;
        }

        _own.Clear();
        foreach (var item in Session.Items)
        {
            _own.Add(item);
        }

        return _own;
    }
}
