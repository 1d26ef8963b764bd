using System.Diagnostics.Metrics;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Economy;

/// <summary>Tells what a broker's writes to a storage account are and cost. Asked when somebody looks; costs nothing otherwise.</summary>
public sealed class WriteMetrics : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string Name = "OrleansStream.Storage";

    private const string Operation = "{operation}";
    private const string Bytes = "By";

    private static readonly WriteKind[] Kinds = Enum.GetValues<WriteKind>();

    /// <param name="ledger">What is told.</param>
    /// <param name="nameOf">A topic's name; null for one that is there no more, which is then forgotten. Called for each topic that was written for, if the ledger knows them.</param>
    public WriteMetrics(WriteLedger ledger, Func<TopicId, string?> nameOf)
    {
        Meter.CreateObservableCounter("orleansstream.storage.writes", () => Each(ledger.OperationsOf), Operation, "Write operations that the account charges for, by what they wrote.");
        Meter.CreateObservableCounter("orleansstream.storage.written", () => Each(ledger.BytesOf), Bytes, "Bytes that they carried, repeated tries included.");
        Meter.CreateObservableCounter("orleansstream.storage.throttled", () => ledger.Throttled, Operation, "Writes that the account refused since it was asked too much; not charged.");
        Meter.CreateObservableGauge("orleansstream.storage.spend_per_day", () => ledger.SpendPerDay, description: "What write operations cost in a day at the rate of the last minutes, in the currency of the price.");
        if (ledger.BudgetPerDay is { } most)
        {
            Meter.CreateObservableGauge("orleansstream.storage.spend_per_day.bound", () => most, description: "The most that they may cost in a day.");
            Meter.CreateObservableGauge("orleansstream.storage.budget_fill", () => ledger.Budget!.Fill, description: "What is left of the write budget's savings: 1 is a minute's worth, below 0.75 lingers are stretched, below 0 it is overspent.");
        }

        if (ledger.Topics is not { } topics) return;
        Meter.CreateObservableCounter("orleansstream.topic.writes", () => Each(topics, nameOf, static topic => topic.Operations), Operation, "Write operations, those that topics share by their bytes.");
        Meter.CreateObservableCounter("orleansstream.topic.written", () => Each(topics, nameOf, static topic => topic.Bytes), Bytes, "Bytes that they carried.");
        Meter.CreateObservableGauge("orleansstream.topic.spend_per_day", () => Each(topics, nameOf, topic => ledger.MoneyPerDayOf(topic.OperationsPerSecond)), description: "What they cost in a day at the rate of the last minutes.");
    }

    internal Meter Meter { get; } = new(Name);

    public void Dispose() => Meter.Dispose();

    private static IEnumerable<Measurement<long>> Each(Func<WriteKind, long> number) =>
        Kinds.Select(kind => new Measurement<long>(number(kind), new KeyValuePair<string, object?>("kind", Label(kind))));

    private static IEnumerable<Measurement<double>> Each(TopicWrites topics, Func<TopicId, string?> nameOf, Func<TopicSpending, double> number)
    {
        foreach (var topic in topics.All)
        {
            if (nameOf(topic.Topic) is { } name) yield return new Measurement<double>(number(topic), new KeyValuePair<string, object?>("topic", name));
            else topics.Forget(topic.Topic);
        }
    }

    private static string Label(WriteKind kind) => kind switch
    {
        WriteKind.Blocks => "blocks",
        WriteKind.Manifests => "manifests",
        WriteKind.Segments => "segments",
        _ => "records",
    };
}
