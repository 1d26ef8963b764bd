namespace OrleansStream.Log.AzureBlobs.Reading;

/// <summary>
/// Who may ask the account for something now: for each priority so many requests with so many bytes at once, in the order in which they came. A request that
/// is larger than the bound goes alone.
/// </summary>
internal sealed class ReadPermits
{
    private readonly Lock _gate = new();
    private readonly Kind[] _kinds;
    private long _bytes;

    public ReadPermits(BlobReadingOptions options) => _kinds =
    [
        new Kind(options.OpenRequests, options.OpenBytes),
        new Kind(options.HotRequests, options.HotBytes),
        new Kind(options.ColdRequests, options.ColdBytes),
        new Kind(options.BackgroundRequests, options.BackgroundBytes),
    ];

    /// <summary>Memory of all requests under way.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Requests under way.</summary>
    public int Running(ReadPriority priority)
    {
        lock (_gate) return _kinds[(int)priority].Requests;
    }

    public int MaxRunning(ReadPriority priority) => _kinds[(int)priority].MaxRequests;

    /// <summary>Memory of one kind's requests under way.</summary>
    public long RunningBytes(ReadPriority priority)
    {
        lock (_gate) return _kinds[(int)priority].Bytes;
    }

    public long MaxRunningBytes(ReadPriority priority) => _kinds[(int)priority].MaxBytes;

    /// <summary>Requests that wait for their turn.</summary>
    public int Waiting(ReadPriority priority)
    {
        lock (_gate) return _kinds[(int)priority].Queue.Count;
    }

    /// <summary>Completes when the request may go. <see cref="Leave"/> is called when it is over; not if this throws.</summary>
    public Task EnterAsync(ReadTicket ticket, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            if (TryGo(ticket)) return Task.CompletedTask;
            ticket.Turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _kinds[(int)ticket.Priority].Queue.AddLast(ticket);
        }

        return WaitAsync(ticket, cancellationToken);
    }

    /// <summary>Lets the request go if it need not wait, and nobody else waits.</summary>
    public bool TryEnter(ReadTicket ticket)
    {
        lock (_gate) return TryGo(ticket);
    }

    /// <summary>Somebody more urgent waits for the same: it changes queues if it still waits, or has not come yet.</summary>
    public void Promote(ReadTicket ticket, ReadPriority priority)
    {
        lock (_gate)
        {
            if (priority >= ticket.Priority || ticket.IsUnderWay) return;
            if (ticket.Turn is null)
            {
                // Known to others and not in line yet: it is about to come, and stands in the right line then.
                ticket.Priority = priority;
                return;
            }

            if (!_kinds[(int)ticket.Priority].Queue.Remove(ticket)) return; // It gave up.
            var left = ticket.Priority;
            ticket.Priority = priority;
            _kinds[(int)priority].Queue.AddLast(ticket);
            LetGo(priority);
            LetGo(left);
        }
    }

    public void Leave(ReadTicket ticket)
    {
        lock (_gate)
        {
            var kind = _kinds[(int)ticket.Priority];
            kind.Requests--;
            kind.Bytes -= ticket.Bytes;
            Interlocked.Add(ref _bytes, -ticket.Bytes);
            LetGo(ticket.Priority);
        }
    }

    private async Task WaitAsync(ReadTicket ticket, CancellationToken cancellationToken)
    {
        await using var cancelled = cancellationToken.UnsafeRegister(_ => GiveUp(ticket, cancellationToken), null);
        await ticket.Turn!.Task;
    }

    // Nothing happens if its turn has come already: then it goes, and its caller sees the cancellation there.
    private void GiveUp(ReadTicket ticket, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!_kinds[(int)ticket.Priority].Queue.Remove(ticket)) return;
            LetGo(ticket.Priority); // It may have been the large one that held up the others.
        }

        ticket.Turn!.TrySetCanceled(cancellationToken);
    }

    private bool TryGo(ReadTicket ticket)
    {
        var kind = _kinds[(int)ticket.Priority];
        if (kind.Queue.Count > 0 || !kind.Admits(ticket)) return false;
        Go(kind, ticket);
        return true;
    }

    private void LetGo(ReadPriority priority)
    {
        var kind = _kinds[(int)priority];
        while (kind.Queue.First is { } first && kind.Admits(first.Value))
        {
            kind.Queue.RemoveFirst();
            Go(kind, first.Value);
            first.Value.Turn!.TrySetResult();
        }
    }

    private void Go(Kind kind, ReadTicket ticket)
    {
        ticket.IsUnderWay = true;
        kind.Requests++;
        kind.Bytes += ticket.Bytes;
        Interlocked.Add(ref _bytes, ticket.Bytes);
    }

    private sealed class Kind(int maxRequests, long maxBytes)
    {
        public int MaxRequests => maxRequests;

        public long MaxBytes => maxBytes;

        public LinkedList<ReadTicket> Queue { get; } = [];

        public int Requests { get; set; }

        public long Bytes { get; set; }

        public bool Admits(ReadTicket ticket) => Requests < maxRequests && (Requests == 0 || Bytes + ticket.Bytes <= maxBytes);
    }
}
