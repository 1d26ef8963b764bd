namespace OrleansStream.Kafka.Gateway.Connections;

/// <summary>
/// Bytes of request frames that were read, or are being read, and not yet handed on. A request of ordinary size takes its whole charge at once, as
/// from any budget; a larger one has a claim, which grows step by step, so that announcing bytes costs nobody anything.
/// </summary>
/// <remarks>
/// Claims hold bytes while they wait for more, which could leave all of them waiting for one another. So a step is granted only if afterwards there
/// is still an order in which every claim can be completed from what is free and what those before it give back (the banker's algorithm, for one resource).
/// </remarks>
internal sealed class IntakeBudget(long capacity) : ByteBudget(capacity)
{
    // Claims that hold something and not yet all, oldest first. Each holds at least one step, so there are few.
    private readonly List<IntakeClaim> _open = [];

    // Claims that wait for their first step. Only the first one is looked at: there may be as many as connections.
    private readonly LinkedList<IntakeClaim> _entering = new();

    private readonly List<(long Missing, long Held)> _order = [];
    private int _waiting;
    private bool _isShort;

    // A claim that could go on safely and lacks only the bytes has them before any request that has not begun.
    protected override bool IsClosed => _isShort;

    protected override int OthersWaiting => _waiting;

    protected override object? FirstOfAll => _open.Find(static claim => claim.Waits) ?? base.FirstOfAll ?? _entering.First?.Value;

    // What is free does not help those who wait for another claim to be completed.
    protected override long MissingForAll
    {
        get
        {
            var wanted = WantedInLine;
            foreach (var claim in _open)
            {
                wanted += claim.Wanted - claim.Held;
            }

            foreach (var claim in _entering)
            {
                wanted += claim.Wanted;
            }

            return wanted;
        }
    }

    /// <summary>Lets a claim grow to the charge of that many bytes. A cancelled wait leaves it as it was; <see cref="Abandon"/> gives it back.</summary>
    public ValueTask GrowAsync(IntakeClaim claim, long toBytes, CancellationToken cancellationToken)
    {
        lock (Guard)
        {
            claim.Wanted = ChargeFor(toBytes);
            if (!claim.Waits)
            {
                return ValueTask.CompletedTask;
            }

            _waiting++;
            if (claim.Held == 0)
            {
                claim.Place = TakePlace();
                _entering.AddLast(claim);
            }

            Serve();
            if (!claim.Waits)
            {
                return ValueTask.CompletedTask;
            }

            claim.Served = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return new ValueTask(claim.Served.Task.WaitAsync(cancellationToken));
        }
    }

    /// <summary>Gives back what a claim has that is not to be completed. A completed one is given back as its bytes are: by <see cref="ByteBudget.Return"/>.</summary>
    public void Abandon(IntakeClaim claim)
    {
        lock (Guard)
        {
            if (claim.Waits)
            {
                _waiting--;
                _entering.Remove(claim);
            }

            _open.Remove(claim);
            claim.Wanted = 0;
            Release(claim.Held);
        }
    }

    protected override void Serve()
    {
        _isShort = false;
        if (_waiting > 0)
        {
            ServeOpen();
            ServeEntering();
        }

        if (!_isShort)
        {
            base.Serve();
        }
    }

    private void ServeOpen()
    {
        for (var index = 0; index < _open.Count; index++)
        {
            var claim = _open[index];
            if (claim.Waits && IsSafe(claim) && TryServe(claim) && claim.Held == claim.Need)
            {
                // Complete: it is no claim any more, but bytes that come back by themselves.
                _open.RemoveAt(index--);
            }
        }
    }

    // In order with the line; but a claim that must wait for other claims holds up nobody in the line.
    private void ServeEntering()
    {
        while (!_isShort && _entering.First is { Value: var claim } && IsSafe(claim))
        {
            if (FirstPlace < claim.Place)
            {
                if (!TryServeFirst())
                {
                    return;
                }
            }
            else if (TryServe(claim))
            {
                _entering.RemoveFirst();
                if (claim.Held < claim.Need)
                {
                    _open.Add(claim);
                }
            }
        }
    }

    private bool TryServe(IntakeClaim claim)
    {
        var step = claim.Wanted - claim.Held;
        if (step > Free)
        {
            _isShort = true;
            return false;
        }

        Take(step);
        claim.Held = claim.Wanted;
        _waiting--;
        claim.Served?.SetResult();
        claim.Served = null;
        return true;
    }

    // Whatever is not held by claims comes back without anybody's help, and counts as free.
    private bool IsSafe(IntakeClaim growing)
    {
        var step = growing.Wanted - growing.Held;
        var free = Capacity - step;
        _order.Clear();
        foreach (var claim in _open)
        {
            free -= claim.Held;
            if (claim != growing)
            {
                _order.Add((claim.Need - claim.Held, claim.Held));
            }
        }

        _order.Add((growing.Need - growing.Wanted, growing.Wanted));
        _order.Sort(static (left, right) => left.Missing.CompareTo(right.Missing));
        foreach (var (missing, held) in _order)
        {
            if (missing > free)
            {
                return false;
            }

            free += held;
        }

        return true;
    }
}
