namespace OrleansStream.Log.Serving;

/// <summary>Spare <see cref="PendingAppend"/>s of all partitions of a broker, so that an append allocates nothing and an idle partition keeps nothing.</summary>
internal sealed class PendingAppendPool
{
    // As many as can be under way with 32 MiB of open blocks and small batches; more are left to the collector.
    private const int MaxSpare = 65_536;

    private readonly Lock _gate = new();
    private readonly Stack<PendingAppend> _spare = new();

    public PendingAppend Take()
    {
        lock (_gate)
        {
            if (_spare.TryPop(out var pending)) return pending;
        }

        return new PendingAppend();
    }

    public void Return(PendingAppend pending)
    {
        pending.Empty();
        lock (_gate)
        {
            if (_spare.Count < MaxSpare) _spare.Push(pending);
        }
    }
}
