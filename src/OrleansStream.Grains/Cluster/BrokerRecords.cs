using OrleansStream.Log.Brokers;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Cluster;

/// <summary>The broker records that were read last. Read again when somebody has a reason to think that they changed, never by a clock.</summary>
internal sealed class BrokerRecords(IBrokerRegistry registry)
{
    private readonly Lock _gate = new();
    private Dictionary<BrokerId, BrokerRecord> _known = [];
    private Task? _reading;

    /// <summary>Those of brokers long gone too.</summary>
    public IReadOnlyCollection<BrokerRecord> Known => Volatile.Read(ref _known).Values;

    public BrokerRecord? Find(BrokerId broker) => Volatile.Read(ref _known).GetValueOrDefault(broker);

    /// <summary>Reads every record. Those who ask while one reading runs wait for the next: what it has read already may be older than their reason.</summary>
    /// <exception cref="Log.LogException">Storage failed, or a record cannot be read; those read before stay.</exception>
    public async Task ReadAllAsync(CancellationToken cancellationToken)
    {
        Task? running;
        lock (_gate)
        {
            running = _reading;
        }

        if (running is not null)
        {
            await ((Task)running.WaitAsync(cancellationToken)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
        }

        Task mine;
        lock (_gate)
        {
            // One that began after the wait serves all who waited.
            mine = _reading ??= ReadOnceAsync();
        }

        await mine.WaitAsync(cancellationToken);
    }

    /// <summary>Reads the record of one broker; null if it never had one.</summary>
    /// <exception cref="Log.LogException">As for <see cref="ReadAllAsync"/>.</exception>
    public async ValueTask<BrokerRecord?> ReadAsync(BrokerId broker, CancellationToken cancellationToken)
    {
        var stored = await registry.GetAsync(broker, cancellationToken);
        if (stored is not null)
        {
            lock (_gate)
            {
                Volatile.Write(ref _known, new Dictionary<BrokerId, BrokerRecord>(_known) { [broker] = stored.Record });
            }
        }

        return stored?.Record;
    }

    private async Task ReadOnceAsync()
    {
        await Task.Yield();
        try
        {
            var read = new Dictionary<BrokerId, BrokerRecord>();
            await foreach (var stored in registry.ListAsync(CancellationToken.None))
            {
                read[stored.Record.Broker] = stored.Record;
            }

            lock (_gate)
            {
                Volatile.Write(ref _known, read);
            }
        }
        finally
        {
            lock (_gate)
            {
                _reading = null;
            }
        }
    }
}
