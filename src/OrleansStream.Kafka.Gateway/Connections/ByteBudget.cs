namespace OrleansStream.Kafka.Gateway.Connections;

/// <summary>
/// A bound on bytes that all connections share. Whoever finds it spent waits in line: first come, first served, so that a large request is not
/// passed by small ones for ever. A demand above the whole capacity waits until everything else is given back, and then has it alone.
/// </summary>
internal class ByteBudget(long capacity)
{
    private readonly LinkedList<Waiter> _line = new();
    private long _taken;
    private long _places;
    private long _wantedInLine;

    public long Capacity { get; } = capacity;

    /// <summary>Bytes that are out now; never above <see cref="Capacity"/>.</summary>
    public long Taken => Interlocked.Read(ref _taken);

    /// <summary>How many wait.</summary>
    public int Waiting
    {
        get
        {
            lock (Guard)
            {
                return _line.Count + OthersWaiting;
            }
        }
    }

    /// <summary>Who has waited longest, to be compared with an earlier answer: the same one twice means that nothing moves. Null if nobody waits.</summary>
    public object? Stuck
    {
        get
        {
            lock (Guard)
            {
                return FirstOfAll;
            }
        }
    }

    /// <summary>Bytes that must come back, at the most, for all who wait to have theirs.</summary>
    public long Missing
    {
        get
        {
            lock (Guard)
            {
                return MissingForAll;
            }
        }
    }

    /// <summary>Held while anything here changes.</summary>
    protected Lock Guard { get; } = new();

    /// <summary>Bytes that nobody has. Under the guard.</summary>
    protected long Free => Capacity - _taken;

    /// <summary>Whether somebody waits elsewhere who goes before all who come now. Under the guard.</summary>
    protected virtual bool IsClosed => false;

    /// <summary>Those who wait elsewhere than in the line. Under the guard.</summary>
    protected virtual int OthersWaiting => 0;

    /// <summary>Who has waited longest; null if nobody waits. Under the guard.</summary>
    protected virtual object? FirstOfAll => _line.First?.Value;

    /// <summary>What those in the line want together. Under the guard.</summary>
    protected long WantedInLine => _wantedInLine;

    /// <summary>As <see cref="Missing"/>. Under the guard.</summary>
    protected virtual long MissingForAll => _wantedInLine - Free;

    /// <summary>The place of the first in the line among all that ever waited. Under the guard.</summary>
    protected long FirstPlace => _line.First?.Value.Place ?? long.MaxValue;

    /// <summary>What a demand is charged: at most the capacity. The same number is to be given back.</summary>
    public long ChargeFor(long bytes) => Math.Min(bytes, Capacity);

    /// <summary>Takes the charge of that many bytes if it is there and nobody waits for it.</summary>
    public bool TryTake(long bytes)
    {
        var charge = ChargeFor(bytes);
        lock (Guard)
        {
            return TryTakeNow(charge);
        }
    }

    /// <summary>Takes the charge of that many bytes, in line behind those who came before. A cancelled wait has taken nothing.</summary>
    public ValueTask TakeAsync(long bytes, CancellationToken cancellationToken) =>
        TryTake(bytes) ? ValueTask.CompletedTask : WaitAsync(ChargeFor(bytes), cancellationToken);

    /// <summary>Gives back the charge of that many bytes.</summary>
    public void Return(long bytes)
    {
        lock (Guard)
        {
            Release(ChargeFor(bytes));
        }
    }

    /// <summary>The place of one who begins to wait. Under the guard.</summary>
    protected long TakePlace() => _places++;

    /// <summary>Takes bytes that are known to be free. Under the guard.</summary>
    protected void Take(long charge) => _taken += charge;

    /// <summary>Bytes come back, and go to those who wait. Under the guard.</summary>
    protected void Release(long charge)
    {
        _taken -= charge;
        Serve();
    }

    /// <summary>Gives what is free to those who wait. Under the guard.</summary>
    protected virtual void Serve()
    {
        while (TryServeFirst())
        {
        }
    }

    /// <summary>Serves the first in the line; false if nobody stands there or it lacks bytes. Under the guard.</summary>
    protected bool TryServeFirst()
    {
        if (_line.First is not { Value: var first } || first.Charge > Free)
        {
            return false;
        }

        Take(first.Charge);
        Remove(_line.First);
        first.Served.SetResult();
        return true;
    }

    private bool TryTakeNow(long charge)
    {
        if (_line.Count > 0 || IsClosed || charge > Free)
        {
            return false;
        }

        Take(charge);
        return true;
    }

    private void Remove(LinkedListNode<Waiter> node)
    {
        _line.Remove(node);
        _wantedInLine -= node.Value.Charge;
    }

    private async ValueTask WaitAsync(long charge, CancellationToken cancellationToken)
    {
        LinkedListNode<Waiter> node;
        lock (Guard)
        {
            if (TryTakeNow(charge))
            {
                return;
            }

            node = _line.AddLast(new Waiter(charge, TakePlace()));
            _wantedInLine += charge;
        }

        await using var registration = cancellationToken.UnsafeRegister(static (state, token) => ((Action<CancellationToken>)state!)(token), (Action<CancellationToken>)(token => Leave(node, token)));
        await node.Value.Served.Task;
    }

    private void Leave(LinkedListNode<Waiter> node, CancellationToken cancellationToken)
    {
        lock (Guard)
        {
            if (node.List is null)
            {
                return; // Served already: whoever asked owns the bytes.
            }

            Remove(node);

            // The one who left may have been the large demand that kept small ones from being served.
            Release(0);
        }

        node.Value.Served.SetCanceled(cancellationToken);
    }

    private sealed class Waiter(long charge, long place)
    {
        public long Charge { get; } = charge;

        public long Place { get; } = place;

        public TaskCompletionSource Served { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

/// <summary>Bytes of record batches in answers that are not yet with the kernel.</summary>
internal sealed class ResponseBudget(long capacity) : ByteBudget(capacity);
