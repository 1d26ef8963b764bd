using System.Diagnostics.Metrics;
using Microsoft.Extensions.Time.Testing;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Economy;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Tests.Economy;

public sealed class WriteLedgerTests
{
    private static readonly WriteBudgetOptions Priced = new() { PricePerTenThousandWrites = 0.1, OperationsPerSecond = 10 };

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Operations_and_bytes_are_counted_by_what_they_were_for()
    {
        var ledger = new WriteLedger(new WriteBudgetOptions(), _time);
        ledger.Add(WriteKind.Blocks, 100);
        ledger.Add(WriteKind.Blocks, 200);
        ledger.Add(WriteKind.Manifests, 7);
        ledger.AddThrottled();

        Assert.Equal([2L, 1, 0, 0], Enum.GetValues<WriteKind>().Select(ledger.OperationsOf));
        Assert.Equal([300L, 7, 0, 0], Enum.GetValues<WriteKind>().Select(ledger.BytesOf));
        Assert.Equal(1, ledger.Throttled);
        Assert.Null(ledger.Budget);
        Assert.Null(ledger.BudgetPerDay);
    }

    [Fact]
    public void What_is_charged_is_taken_from_the_budget_and_what_was_throttled_is_not()
    {
        var ledger = new WriteLedger(Priced, _time);
        ledger.AddThrottled();
        Assert.Equal(1, ledger.Budget!.Fill);

        for (var operation = 0; operation < 60; operation++) ledger.Add(WriteKind.Segments, 1);

        Assert.Equal(0.9, ledger.Budget.Fill, 9);
        Assert.Equal(10 * 86_400 * 0.1 / 10_000, ledger.BudgetPerDay!.Value, 9);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(60)]
    [InlineData(3_600)]
    public void A_steady_rate_is_told_as_what_it_costs_in_a_day_from_the_first_second_on(int seconds)
    {
        var ledger = new WriteLedger(Priced, _time);
        for (var tenth = 0; tenth < seconds * 10; tenth++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
            ledger.Add(WriteKind.Blocks, 1);
        }

        Assert.Equal(10 * 86_400 * 0.1 / 10_000, ledger.SpendPerDay, 0.06);
    }

    [Fact]
    public void Minutes_after_the_last_write_nothing_is_spent_any_more()
    {
        var ledger = new WriteLedger(Priced, _time);
        for (var operation = 0; operation < 10_000; operation++) ledger.Add(WriteKind.Blocks, 1);
        Assert.True(ledger.SpendPerDay > 1);

        _time.Advance(TimeSpan.FromHours(1));

        Assert.InRange(ledger.SpendPerDay, 0, 0.001);
    }

    // What is shared is shared by bytes, and nothing gets lost by it.
    [Fact]
    public void An_operation_that_topics_share_is_split_by_their_bytes()
    {
        var topics = new TopicWrites(_time);
        topics.Add([Frame(1, 300), Frame(2, 100), Frame(1, 100), Frame(3, 500)], storedBytes: 4096);
        topics.Add([Frame(1, 10)], storedBytes: 4096);
        topics.Add(Topic(3), 50);

        var shares = topics.All.ToDictionary(static share => share.Topic);
        Assert.Equal(1.4, shares[Topic(1)].Operations, 9);
        Assert.Equal(0.1, shares[Topic(2)].Operations, 9);
        Assert.Equal(1.5, shares[Topic(3)].Operations, 9);
        Assert.Equal((0.4 * 4096) + 4096, shares[Topic(1)].Bytes, 6);
        Assert.Equal((0.5 * 4096) + 50, shares[Topic(3)].Bytes, 6);
        Assert.Equal(3, shares.Values.Sum(static share => share.Operations), 9);
        Assert.Equal(8242, shares.Values.Sum(static share => share.Bytes), 6);
    }

    [Fact]
    public void The_meter_tells_what_the_ledger_has_and_forgets_topics_that_are_gone()
    {
        var ledger = new WriteLedger(Priced, _time) { Topics = new TopicWrites(_time) };
        ledger.Add(WriteKind.Manifests, 5, Topic(1));
        ledger.Add(WriteKind.Segments, 7, Topic(2));
        ledger.AddThrottled();

        var shown = Shown(ledger, topic => topic == Topic(1) ? "orders" : null);

        Assert.Equal(1, shown["orleansstream.storage.writes{kind=manifests}"]);
        Assert.Equal(0, shown["orleansstream.storage.writes{kind=blocks}"]);
        Assert.Equal(7, shown["orleansstream.storage.written{kind=segments}"]);
        Assert.Equal(1, shown["orleansstream.storage.throttled{}"]);
        Assert.Equal(1, shown["orleansstream.topic.writes{topic=orders}"]);
        Assert.Equal(5, shown["orleansstream.topic.written{topic=orders}"]);
        Assert.Equal(ledger.SpendPerDay / 2, shown["orleansstream.topic.spend_per_day{topic=orders}"], 6);
        Assert.Equal(ledger.SpendPerDay, shown["orleansstream.storage.spend_per_day{}"], 6);
        Assert.Equal(ledger.BudgetPerDay!.Value, shown["orleansstream.storage.spend_per_day.bound{}"], 6);
        Assert.Equal(ledger.Budget!.Fill, shown["orleansstream.storage.budget_fill{}"], 6);
        Assert.Equal([Topic(1)], ledger.Topics.All.Select(static share => share.Topic));
    }

    [Fact]
    public void Without_a_budget_no_bound_is_shown_and_without_topics_no_line_for_any()
    {
        var shown = Shown(new WriteLedger(new WriteBudgetOptions(), _time), static _ => "orders");

        Assert.DoesNotContain(shown.Keys, static line => line.Contains("bound", StringComparison.Ordinal) || line.Contains("budget", StringComparison.Ordinal));
        Assert.DoesNotContain(shown.Keys, static line => line.Contains("topic", StringComparison.Ordinal));
    }

    private static TopicId Topic(int number) => new(new Guid(number, 0, 0, new byte[8]));

    private static FrameEntry Frame(int topic, int length) => new()
    {
        Partition = new PartitionId(Topic(topic), 0),
        Epoch = default,
        BaseOffset = default,
        LastOffset = default,
        MaxTimestampMs = 0,
        Position = 0,
        Length = length,
        Kind = FrameKind.Records,
        Checksum = 0,
    };

    private static Dictionary<string, double> Shown(WriteLedger ledger, Func<TopicId, string?> nameOf)
    {
        var shown = new Dictionary<string, double>(StringComparer.Ordinal);
        using var metrics = new WriteMetrics(ledger, nameOf);
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (ReferenceEquals(instrument.Meter, metrics.Meter)) listening.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Note(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Note(instrument, value, tags));
        listener.Start();
        listener.RecordObservableInstruments();
        return shown;

        void Note(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
            shown[$"{instrument.Name}{{{(tags.IsEmpty ? "" : $"{tags[0].Key}={tags[0].Value}")}}}"] = value;
    }
}
