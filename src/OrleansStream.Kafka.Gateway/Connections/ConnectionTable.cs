using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace OrleansStream.Kafka.Gateway.Connections;

/// <summary>All connections: counts them against their bounds, and once a second looks for those that wait for their peer too long. One timer for all.</summary>
internal sealed partial class ConnectionTable : IDisposable
{
    private static readonly TimeSpan SweepEvery = TimeSpan.FromSeconds(1);

    // Anything may begin slowly; more than that is not the network.
    private static readonly TimeSpan GraceOfSlow = TimeSpan.FromSeconds(2);

    // Consumers ask for the next records before they are done with the last, and some do not read meanwhile.
    private static readonly TimeSpan GraceOfConsumers = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<KafkaConnection, byte> _connections = new();
    private readonly Dictionary<string, int> _byAddress = new(StringComparer.Ordinal);
    private readonly Lock _counting = new();
    private readonly GatewayOptions _options;
    private readonly TimeProvider _time;
    private readonly GatewayMetrics _metrics;
    private readonly ILogger _log;
    private readonly BudgetRelief[] _reliefs;
    private readonly ITimer _timer;
    private TaskCompletionSource? _drained;
    private int _isSweeping;
    private bool _hasFailed;

    public ConnectionTable(GatewaySurroundings surroundings, ConnectionBudgets budgets)
    {
        (_options, _time, _metrics, _log) = surroundings;
        _reliefs =
        [
            new(budgets.Intake, static activity => activity.IntakeLag(), GraceOfSlow),
            new(budgets.Answers, static activity => activity.AnswerLag(), GraceOfSlow),
            new(budgets.Responses, static activity => activity.RecordsLag(), GraceOfConsumers),
        ];
        _timer = _time.CreateTimer(static state => ((ConnectionTable)state!).OnTick(), this, SweepEvery, SweepEvery);
        _metrics.Observe("orleansstream.gateway.connections", ("{connection}", "Open connections."), () => Count, _options.MaxConnections);
        _metrics.Observe("orleansstream.gateway.intake", ("By", "Bytes of requests being read or decoded."), () => budgets.Intake.Taken, _options.IntakeBytes);
        _metrics.Observe("orleansstream.gateway.response", ("By", "Bytes of records in answers under way."), () => budgets.Responses.Taken, _options.ResponseBytes);
        _metrics.Observe("orleansstream.gateway.answer", ("By", "Bytes of answers under way, without records."), () => budgets.Answers.Taken, _options.AnswerBytes);
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

    // Ticks may overlap when a sweep takes long, and nobody is above a timer: an exception that leaves it ends the process.
    private void OnTick()
    {
        if (Interlocked.Exchange(ref _isSweeping, 1) != 0)
        {
            return;
        }

        try
        {
            Sweep();
        }
        catch (Exception failure)
        {
            // The next tick tries again; once in the log is enough for what may fail every second.
            if (!_hasFailed)
            {
                _hasFailed = true;
                LogFailed(_log, failure);
            }
        }
        finally
        {
            Volatile.Write(ref _isSweeping, 0);
        }
    }

    private void Sweep()
    {
        var now = _time.GetTimestamp();
        foreach (var (connection, _) in _connections)
        {
            connection.Answers.Expire(now);
            connection.Refused.EndHolds();
            switch (connection.Activity.Overdue(_options.MaxIdle, _options.MaxStall))
            {
                case ConnectionPhase.Idle when connection.Answers.Count == 0:
                    connection.End();
                    break;
                case ConnectionPhase.Waiting:
                    connection.Abort("The answers to its last requests do not come.");
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

    [LoggerMessage(Level = LogLevel.Error, Message = "Looking for overdue connections failed; later failures of it are not logged")]
    private static partial void LogFailed(ILogger log, Exception failure);
}
