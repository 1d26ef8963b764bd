namespace OrleansStream.Kafka.Gateway.Connections;

/// <summary>
/// A bound on bytes that all connections share. Whoever finds it spent waits in line: first come, first served, so that a large request is not
/// passed by small ones for ever. A demand above the whole capacity waits until everything else is given back, and then has it alone.
/// </summary>
internal class ByteBudget(long capacity)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<Waiter> _line = new();
    private long _taken;

    public long Capacity { get; } = capacity;

    /// <summary>Bytes that are out now; never above <see cref="Capacity"/>.</summary>
    public long Taken => Interlocked.Read(ref _taken);

    /// <summary>How many wait.</summary>
    public int Waiting
    {
        get
        {
            lock (_lock)
            {
                return _line.Count;
            }
        }
    }

    /// <summary>What a demand is charged: at most the capacity. The same number is to be given back.</summary>
    public long ChargeFor(long bytes) => Math.Min(bytes, Capacity);

    /// <summary>Takes the charge of that many bytes if it is there and nobody waits for it.</summary>
    public bool TryTake(long bytes)
    {
        var charge = ChargeFor(bytes);
        lock (_lock)
        {
            if (_line.Count > 0 || _taken + charge > Capacity)
            {
                return false;
            }

            _taken += charge;
            return true;
        }
    }

    /// <summary>Takes the charge of that many bytes, in line behind those who came before. A cancelled wait has taken nothing.</summary>
    public ValueTask TakeAsync(long bytes, CancellationToken cancellationToken) =>
        TryTake(bytes) ? ValueTask.CompletedTask : WaitAsync(ChargeFor(bytes), cancellationToken);

    /// <summary>Gives back the charge of that many bytes.</summary>
    public void Return(long bytes)
    {
        lock (_lock)
        {
            _taken -= ChargeFor(bytes);
            while (_line.First is { } first && _taken + first.Value.Charge <= Capacity)
            {
                _taken += first.Value.Charge;
                _line.RemoveFirst();
                first.Value.Served.SetResult();
            }
        }
    }

    private async ValueTask WaitAsync(long charge, CancellationToken cancellationToken)
    {
        var node = new LinkedListNode<Waiter>(new Waiter(charge));
        lock (_lock)
        {
            if (_line.Count == 0 && _taken + charge <= Capacity)
            {
                _taken += charge;
                return;
            }

            _line.AddLast(node);
        }

        await using var registration = cancellationToken.UnsafeRegister(static (state, token) => ((Action<CancellationToken>)state!)(token), (Action<CancellationToken>)(token => Leave(node, token)));
        await node.Value.Served.Task;
    }

    private void Leave(LinkedListNode<Waiter> node, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (node.List is null)
            {
                return; // Served already: whoever asked owns the bytes.
            }

            _line.Remove(node);
        }

        node.Value.Served.SetCanceled(cancellationToken);
        ServeNext();
    }

    // The one who left may have been the large demand that kept small ones from being served.
    private void ServeNext() => Return(0);

    private sealed class Waiter(long charge)
    {
        public long Charge { get; } = charge;

        public TaskCompletionSource Served { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

/// <summary>Bytes of request frames that were read, or are being read, and not yet handed on.</summary>
internal sealed class IntakeBudget(long capacity) : ByteBudget(capacity);

/// <summary>Bytes of record batches in answers that are not yet with the kernel.</summary>
internal sealed class ResponseBudget(long capacity) : ByteBudget(capacity);
