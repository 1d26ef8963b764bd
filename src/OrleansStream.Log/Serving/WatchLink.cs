using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Serving;

/// <summary>One waiter in the list of one partition. Everything in it is guarded by the lock of that partition's <see cref="PublishedLog"/>.</summary>
internal sealed class WatchLink(FetchWaiter waiter)
{
    private PublishedLog? _log;

    public FetchWaiter Waiter { get; } = waiter;

    public Offset From { get; set; }

    public WatchLink? Next { get; set; }

    public WatchLink? Previous { get; set; }

    public bool IsLinked { get; set; }

    /// <summary>Set by the waiter's own thread before linking, read by it alone.</summary>
    public void Join(PublishedLog log) => _log = log;

    public void Leave()
    {
        _log?.Unwatch(this);
        _log = null;
    }
}
