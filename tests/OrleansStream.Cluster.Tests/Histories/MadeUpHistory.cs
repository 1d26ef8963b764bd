namespace OrleansStream.Cluster.Tests.Histories;

/// <summary>
/// A history as a test tells it, second by second. By itself it is one that a perfect cluster gives: two producers, a group of two members and a reader, one
/// partition that has changed its owner once. Tests break it in one place.
/// </summary>
internal sealed class MadeUpHistory
{
    public const int Idempotent = 1;
    public const int Once = 2;
    public const int AskingBroker1 = 3;
    public const int AskingBroker2 = 4;
    public const int AtLeastOnce = 5;
    public const string Group = "group";
    public const string Reader = "reader";

    private readonly List<StoredRecord> _log = [];

    public MadeUpHistory()
    {
        Of.Producers[Idempotent] = new(Idempotent, ProducerKind.Idempotent);
        Of.Producers[Once] = new(Once, ProducerKind.Once);
        Of.Producers[AskingBroker1] = new(AskingBroker1, ProducerKind.Once, Broker: 1);
        Of.Producers[AskingBroker2] = new(AskingBroker2, ProducerKind.Once, Broker: 2);
        Of.Producers[AtLeastOnce] = new(AtLeastOnce, ProducerKind.AtLeastOnce);
        Of.Logs[0] = _log;
    }

    /// <summary>The history so far.</summary>
    public History Of { get; } = new();

    public IReadOnlyList<Violation> Violations => HistoryChecker.Check(Of);

    /// <summary>The kinds that are found, each once.</summary>
    public IEnumerable<ViolationKind> Found => Violations.Select(violation => violation.Kind).Distinct();

    /// <summary>A history without a fault.</summary>
    public static MadeUpHistory Clean()
    {
        var history = new MadeUpHistory()
            .Store(epoch: 1, (Idempotent, 0), (Once, 0), (AskingBroker1, 0), (Idempotent, 1))
            .Store(epoch: 2, (Idempotent, 2), (AskingBroker2, 0), (Once, 2), (AtLeastOnce, 0), (AtLeastOnce, 0));
        history.Acknowledge((Idempotent, 0), 0, at: 1).Acknowledge((Once, 0), 1, at: 1).Acknowledge((AskingBroker1, 0), 2, at: 1);
        history.Acknowledge((Idempotent, 1), 3, at: 2).Answer(AppendOutcome.Unknown, (Once, 1), at: 2);
        history.Acknowledge((Idempotent, 2), 4, at: 3).Acknowledge((AskingBroker2, 0), 5, at: 3).Acknowledge((Once, 2), 6, at: 3).Acknowledge((AtLeastOnce, 0), 8, at: 3);
        history.Read(Reader, group: null, began: 0, from: 0, to: 8);

        // The first member commits 4, and 6 without hearing of it, and leaves; the second one begins where it was heard.
        history.Read("member 1", Group, began: 0, from: 0, to: 5);
        history.Commit(4, isAcknowledged: true, at: 2).Commit(6, isAcknowledged: false, at: 3);
        history.Read("member 2", Group, began: 4, from: 4, to: 8);
        return history.Commit(9, isAcknowledged: true, at: 5).See(9, at: 6);
    }

    /// <summary>Puts records at the end of the log.</summary>
    public MadeUpHistory Store(int epoch, params (int Producer, int Sequence)[] records)
    {
        foreach (var (producer, sequence) in records) _log.Add(new(_log.Count, new(producer, sequence), epoch));
        return this;
    }

    /// <summary>Changes the log as if it had been so.</summary>
    public MadeUpHistory Change(Action<List<StoredRecord>> change)
    {
        change(_log);
        return this;
    }

    public MadeUpHistory Acknowledge((int Producer, int Sequence) record, long offset, int at) => Add(AppendOutcome.Acknowledged, record, offset, at);

    public MadeUpHistory Answer(AppendOutcome outcome, (int Producer, int Sequence) record, int at) => Add(outcome, record, -1, at);

    /// <summary>A reading of what the log holds from one offset to another, both included.</summary>
    public MadeUpHistory Read(string consumer, string? group, int began, long from, long to)
    {
        var reading = Begin(consumer, group, began);
        for (var offset = from; offset <= to; offset++) Show(reading, offset, _log[(int)offset].Name, _log[(int)offset].Epoch, began + 1);
        return this;
    }

    /// <summary>The reader and the second member are handed what has come since.</summary>
    public MadeUpHistory ReadRest()
    {
        var hand = Of.Readings.Values.First(reading => reading.Consumer == Reader);
        var member = Of.Readings.Values.First(reading => reading.Consumer == "member 2");
        foreach (var record in _log.Skip((int)(Of.Polls.Last(poll => poll.Reading == hand.Number).Offset + 1)))
        {
            Show(hand, record.Offset, record.Name, record.Epoch, at: 7).Show(member, record.Offset, record.Name, record.Epoch, at: 7);
        }
        return this;
    }

    public Reading Begin(string consumer, string? group, int began)
    {
        Of.Readers[group ?? consumer] = true;
        return Of.Begin(consumer, group, 0, Second(began));
    }

    public MadeUpHistory Show(Reading reading, long offset, RecordName name, int epoch, int at)
    {
        Of.Polls.Enqueue(new(reading.Number, offset, name, epoch, Second(at)));
        return this;
    }

    public MadeUpHistory Commit(long offset, bool isAcknowledged, int at)
    {
        Of.Commits.Enqueue(new(Group, 0, offset, isAcknowledged, Second(at), Second(at) + TimeSpan.FromMilliseconds(100)));
        return this;
    }

    /// <summary>Somebody asks what the group has committed.</summary>
    public MadeUpHistory See(long offset, int at)
    {
        Of.CommittedOffsets.Enqueue(new(Group, 0, offset, Second(at), Second(at) + TimeSpan.FromMilliseconds(100)));
        return this;
    }

    private static TimeSpan Second(int number) => TimeSpan.FromSeconds(number);

    private MadeUpHistory Add(AppendOutcome outcome, (int Producer, int Sequence) record, long offset, int at)
    {
        Of.Appends.Enqueue(new(new(record.Producer, record.Sequence), 0, outcome, offset, Second(at), Second(at) + TimeSpan.FromMilliseconds(100)));
        return this;
    }
}
