namespace OrleansStream.Kafka.Gateway.Connections;

/// <summary>
/// Sees that half-sent requests do not keep everybody else waiting: when whoever is first in line for intake stood there at the last look already, the
/// slowest senders are cut off, as many as those who wait need. Used by the sweep of connections only.
/// </summary>
internal sealed class IntakeRelief(IntakeBudget intake)
{
    // A request may begin slowly; more than that is not the network.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    private readonly List<(TimeSpan Lag, KafkaConnection Connection)> _slow = [];
    private object? _stuck;

    /// <summary>Cuts off those that must go; returns how many.</summary>
    public int Relieve(IEnumerable<KafkaConnection> connections)
    {
        var stuck = intake.Stuck;
        var isFull = stuck is not null && ReferenceEquals(stuck, _stuck);
        _stuck = stuck;
        return isFull ? CutOff(connections) : 0;
    }

    private int CutOff(IEnumerable<KafkaConnection> connections)
    {
        foreach (var connection in connections)
        {
            var lag = connection.Activity.LagWhenFull();
            if (lag >= Grace && connection.Activity.Held > 0)
            {
                _slow.Add((lag, connection));
            }
        }

        _slow.Sort(static (left, right) => right.Lag.CompareTo(left.Lag));
        var missing = intake.Missing;
        var count = 0;
        for (; count < _slow.Count && missing > 0; count++)
        {
            missing -= _slow[count].Connection.Activity.Held;
            _slow[count].Connection.Abort("Its request came in too slowly while others waited for room.");
        }

        _slow.Clear();
        return count;
    }
}
