namespace OrleansStream.Coordination.Groups.Members;

/// <summary>
/// When each member, or id that waits for its client, is given up. A heartbeat only moves a deadline in a table; the
/// queue learns of it when the old one passes, so the usual refresh costs no queue operation.
/// </summary>
internal sealed class SessionTimers
{
    private readonly Dictionary<string, SessionTimer> _timers = [];
    private readonly PriorityQueue<Entry, DateTimeOffset> _queue = new();

    /// <summary>Not later than the first deadline; null if nothing runs.</summary>
    public DateTimeOffset? Next
    {
        get
        {
            while (_queue.TryPeek(out var entry, out _))
            {
                if (IsCurrent(entry))
                {
                    return entry.At;
                }

                _queue.Dequeue();
            }

            return null;
        }
    }

    internal int QueueLength => _queue.Count;

    public bool IsRunning(string id) => _timers.ContainsKey(id);

    public void Start(string id, DateTimeOffset deadline)
    {
        if (_timers.TryGetValue(id, out var timer) && timer.QueuedAt <= deadline)
        {
            timer.Deadline = deadline;
            return;
        }

        _timers[id] = new SessionTimer { Deadline = deadline, QueuedAt = deadline };
        _queue.Enqueue(new Entry(id, deadline), deadline);
        DropStaleEntries();
    }

    public void Stop(string id) => _timers.Remove(id);

    public void Clear()
    {
        _timers.Clear();
        _queue.Clear();
    }

    /// <summary>Takes out the ids whose deadline has passed.</summary>
    public List<string> TakeExpired(DateTimeOffset now)
    {
        var expired = new List<string>();
        while (_queue.TryPeek(out var entry, out var at) && at <= now)
        {
            _queue.Dequeue();
            if (!IsCurrent(entry))
            {
                continue;
            }

            var timer = _timers[entry.Id];
            if (timer.Deadline <= now)
            {
                _timers.Remove(entry.Id);
                expired.Add(entry.Id);
            }
            else
            {
                timer.QueuedAt = timer.Deadline;
                _queue.Enqueue(new Entry(entry.Id, timer.Deadline), timer.Deadline);
            }
        }

        return expired;
    }

    private bool IsCurrent(Entry entry) => _timers.TryGetValue(entry.Id, out var timer) && timer.QueuedAt == entry.At;

    // Clients that come and go leave entries behind until their time comes, which may be half an hour away.
    private void DropStaleEntries()
    {
        if (_queue.Count <= (2 * _timers.Count) + 64)
        {
            return;
        }

        _queue.Clear();
        foreach (var (id, timer) in _timers)
        {
            timer.QueuedAt = timer.Deadline;
            _queue.Enqueue(new Entry(id, timer.Deadline), timer.Deadline);
        }
    }

    private readonly record struct Entry(string Id, DateTimeOffset At);

    private sealed class SessionTimer
    {
        public DateTimeOffset Deadline { get; set; }

        public DateTimeOffset QueuedAt { get; set; }
    }
}
