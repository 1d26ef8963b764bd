namespace OrleansStream.Kafka.Gateway.Connections;

/// <summary>
/// Sees that slow peers do not keep everybody else waiting: when whoever is first in line for a budget stood there at the last look already, the slowest of
/// those who hold parts of it are cut off, as many as those who wait need. Used by the sweep of connections only.
/// </summary>
/// <param name="budget">What they wait for.</param>
/// <param name="look">How long a connection has kept us waiting, and what it holds meanwhile.</param>
/// <param name="grace">How long it may.</param>
internal sealed class BudgetRelief(ByteBudget budget, Func<ConnectionActivity, (TimeSpan Lag, long Held)> look, TimeSpan grace)
{
    private readonly List<(TimeSpan Lag, long Held, KafkaConnection Connection)> _slow = [];
    private object? _stuck;

    /// <summary>Cuts off those that must go; returns how many.</summary>
    public int Relieve(IEnumerable<KafkaConnection> connections)
    {
        var stuck = budget.Stuck;
        var isFull = stuck is not null && ReferenceEquals(stuck, _stuck);
        _stuck = stuck;
        return isFull ? CutOff(connections) : 0;
    }

    private int CutOff(IEnumerable<KafkaConnection> connections)
    {
        foreach (var connection in connections)
        {
            var (lag, held) = look(connection.Activity);
            if (lag >= grace && held > 0)
            {
                _slow.Add((lag, held, connection));
            }
        }

        _slow.Sort(static (left, right) => right.Lag.CompareTo(left.Lag));
        var missing = budget.Missing;
        var count = 0;
        for (; count < _slow.Count && missing > 0; count++)
        {
            missing -= _slow[count].Held;
            _slow[count].Connection.Abort("Its peer was too slow while others waited for the memory that it holds.");
        }

        _slow.Clear();
        return count;
    }
}
