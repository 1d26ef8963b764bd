using System.Collections.Concurrent;

namespace OrleansStream.Kafka.Gateway.Connections;

/// <summary>All connections: counts them against their bounds, and once a second looks for those that wait for their peer too long. One timer for all.</summary>
internal sealed class ConnectionTable : IDisposable
{
    private static readonly TimeSpan SweepEvery = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<KafkaConnection, byte> _connections = new();
    private readonly Dictionary<string, int> _byAddress = new(StringComparer.Ordinal);
    private readonly Lock _counting = new();
    private readonly GatewayOptions _options;
    private readonly TimeProvider _time;
    private readonly GatewayMetrics _metrics;
    private readonly BudgetRelief[] _reliefs;
    private readonly ITimer _timer;
    private TaskCompletionSource? _drained;

    public ConnectionTable(GatewayOptions options, TimeProvider time, GatewayMetrics metrics, ConnectionBudgets budgets)
    {
        _options = options;
        _time = time;
        _metrics = metrics;
        _reliefs = [new(budgets.Intake, static activity => activity.IntakeLag()), new(budgets.Answers, static activity => activity.AnswerLag())];
        _timer = time.CreateTimer(static state => ((ConnectionTable)state!).Sweep(), this, SweepEvery, SweepEvery);
        metrics.Observe("orleansstream.gateway.connections", ("{connection}", "Open connections."), () => Count, options.MaxConnections);
        metrics.Observe("orleansstream.gateway.intake", ("By", "Bytes of requests being read or decoded."), () => budgets.Intake.Taken, options.IntakeBytes);
        metrics.Observe("orleansstream.gateway.response", ("By", "Bytes of records in answers under way."), () => budgets.Responses.Taken, options.ResponseBytes);
        metrics.Observe("orleansstream.gateway.answer", ("By", "Bytes of answers under way, without records."), () => budgets.Answers.Taken, options.AnswerBytes);
    }

    public int Count => _connections.Count;

    /// <summary>Every open connection, as of some moment while it is read.</summary>
    public IEnumerable<KafkaConnection> All => _connections.Select(static pair => pair.Key);

    /// <summary>False: the broker is at a bound, or stopping, and the connection is to be closed.</summary>
    public bool TryAdd(KafkaConnection connection)
    {
        var address = connection.PeerAddress;
        lock (_counting)
        {
            var fromAddress = _byAddress.GetValueOrDefault(address);
            if (_drained is not null || _connections.Count >= _options.MaxConnections || fromAddress >= _options.MaxConnectionsPerAddress)
            {
                _metrics.ConnectionRefused();
                return false;
            }

            _byAddress[address] = fromAddress + 1;
            return _connections.TryAdd(connection, 0);
        }
    }

    public void Remove(KafkaConnection connection)
    {
        lock (_counting)
        {
            if (!_connections.TryRemove(connection, out _))
            {
                return;
            }

            var address = connection.PeerAddress;
            if (--_byAddress[address] == 0)
            {
                _byAddress.Remove(address);
            }

            if (_connections.IsEmpty)
            {
                _drained?.TrySetResult();
            }
        }
    }

    /// <summary>Lets every connection finish what is under way and closes it; whoever is not done when the token is cancelled is cut off.</summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        Task drained;
        lock (_counting)
        {
            _drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_connections.IsEmpty)
            {
                _drained.TrySetResult();
            }

            drained = _drained.Task;
        }

        foreach (var connection in _connections.Keys)
        {
            connection.End();
        }

        try
        {
            await drained.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            foreach (var connection in _connections.Keys)
            {
                connection.Abort("The broker stops.");
            }
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Sweep()
    {
        var now = _time.GetTimestamp();
        foreach (var (connection, _) in _connections)
        {
            connection.Answers.Expire(now);
            switch (connection.Activity.Overdue(_options.MaxIdle, _options.MaxStall))
            {
                case ConnectionPhase.Idle when connection.Answers.Count == 0:
                    connection.End();
                    break;
                case ConnectionPhase.Intake:
                    connection.Abort("The peer stopped in the middle of a request, or sends it too slowly.");
                    _metrics.ConnectionStalled();
                    break;
                case ConnectionPhase.Writing:
                    connection.Abort("The peer takes no answer.");
                    _metrics.ConnectionStalled();
                    break;
                default:
                    break;
            }
        }

        foreach (var relief in _reliefs)
        {
            for (var cut = relief.Relieve(All); cut > 0; cut--)
            {
                _metrics.ConnectionStalled();
            }
        }
    }
}
