namespace OrleansStream.Log.Serving;

/// <summary>The waiters of one partition, oldest first. Guarded by the lock of its <see cref="PublishedLog"/>; two words while nobody waits.</summary>
internal struct WatchList
{
    private WatchLink? _oldest;
    private WatchLink? _newest;

    public readonly bool IsEmpty => _oldest is null;

    /// <summary>
    /// Adds a link. Looks at the two oldest as it does: what is done leaves, what waits goes behind the others. So a partition that nobody appends
    /// to does not collect the links of waiters that were never cancelled.
    /// </summary>
    public void Add(WatchLink link)
    {
        RotateOldest();
        RotateOldest();
        Append(link);
    }

    public void Remove(WatchLink link)
    {
        if (!link.IsLinked) return;
        if (link.Previous is null) _oldest = link.Next;
        else link.Previous.Next = link.Next;
        if (link.Next is null) _newest = link.Previous;
        else link.Next.Previous = link.Previous;
        link.Next = null;
        link.Previous = null;
        link.IsLinked = false;
    }

    public readonly int CountLinks()
    {
        var count = 0;
        for (var link = _oldest; link is not null; link = link.Next) count++;
        return count;
    }

    /// <summary>Counts a published frame for everybody who waits for it. Answers the chain of those to be woken outside the lock.</summary>
    public FetchWaiter? Count(long lastOffset, int bytes)
    {
        FetchWaiter? woken = null;
        for (var link = _oldest; link is not null;)
        {
            var next = link.Next;
            if (link.Waiter.IsOver) Remove(link);
            else if (lastOffset >= link.From.Value && link.Waiter.Count(bytes)) Chain(link, ref woken);
            link = next;
        }

        return woken;
    }

    /// <summary>As <see cref="Count"/>, for something that changes everybody's answer.</summary>
    public FetchWaiter? CountEverything()
    {
        FetchWaiter? woken = null;
        for (var link = _oldest; link is not null;)
        {
            var next = link.Next;
            if (link.Waiter.IsOver) Remove(link);
            else if (link.Waiter.CountEverything()) Chain(link, ref woken);
            link = next;
        }

        return woken;
    }

    public static void Wake(FetchWaiter? woken)
    {
        while (woken is not null)
        {
            // Once called, the waiter belongs to its owner again, who may reset it.
            var next = woken.NextWoken;
            woken.NextWoken = null;
            woken.Wake();
            woken = next;
        }
    }

    private void Chain(WatchLink link, ref FetchWaiter? woken)
    {
        Remove(link);
        link.Waiter.NextWoken = woken;
        woken = link.Waiter;
    }

    private void RotateOldest()
    {
        if (_oldest is not { } oldest) return;
        Remove(oldest);
        if (!oldest.Waiter.IsOver) Append(oldest);
    }

    private void Append(WatchLink link)
    {
        link.Previous = _newest;
        link.IsLinked = true;
        if (_newest is null) _oldest = link;
        else _newest.Next = link;
        _newest = link;
    }
}
