using Confluent.Kafka;
using OrleansStream.Cluster.Tests.Histories;
using OrleansStream.Cluster.Tests.Load;
using OrleansStream.Testing.Clusters;

namespace OrleansStream.Cluster.Tests.Faults;

/// <summary>Puts a cluster under load and under faults, waits after each round until every partition is written again, and judges the whole history at the end.</summary>
internal sealed class NemesisRun(BrokerCluster cluster, NemesisOptions options, Action<string> progress)
{
    private const string Topic = "nemesis";
    private const int Partitions = 9;

    private static readonly TimeSpan FirstRecords = TimeSpan.FromSeconds(60);

    // Longer than any part of a take-over, so that only what hangs is found; how fast it is, availability.sh measures.
    private static readonly TimeSpan RecoveryLimit = TimeSpan.FromSeconds(90);

    // Groups commit and rebalance between faults too.
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(1);

    private readonly List<DoneRound> _rounds = [];

    public async Task<NemesisReport> ExecuteAsync()
    {
        await cluster.StartAsync();
        var run = new RunContext(cluster.Bootstrap, Topic, Partitions);
        await Workload.CreateTopicAsync(run, cluster.Replicas);
        await using var workload = new Workload(run, cluster);
        workload.Start();
        if (!await AllWrittenAsync(run, FirstRecords)) throw new InvalidOperationException($"Before any fault no record was taken within {FirstRecords.TotalSeconds:0} s of {run.DescribeSilent(TimeSpan.Zero)}.");

        var supervisor = new Supervisor(cluster);
        await using (supervisor)
        {
            // After a round that the cluster did not get over, more faults would only hide which one it was.
            foreach (var round in RoundsUntilTheEnd(run))
            {
                if (!await TryRoundAsync((run, workload), supervisor, round)) break;
            }
        }
        foreach (var failure in supervisor.Failures) run.Remark(ViolationKind.NotAvailable, failure);

        progress("The faults are over: reading everything.");
        var isRead = await TryFinishAsync(run, workload);
        return new NemesisReport(cluster.Name, options, run.History, _rounds, [.. supervisor.Ends])
        {
            Time = run.Clock.Now,
            Assignments = workload.Assignments,
            Violations = isRead ? HistoryChecker.Check(run.History) : [.. run.History.Remarks],
        };
    }

    // Without the whole log nothing can be said of what it holds.
    private static async Task<bool> TryFinishAsync(RunContext run, Workload workload)
    {
        try
        {
            await workload.FinishAsync();
            return true;
        }
        catch (Exception failed) when (failed is KafkaException or InvalidOperationException)
        {
            run.Remark(ViolationKind.NotAvailable, $"The log could not be read at the end, so that nothing else was judged: {failed.Message}");
            return false;
        }
    }

    private IEnumerable<IReadOnlyList<Fault>> RoundsUntilTheEnd(RunContext run)
    {
        var plan = new FaultPlan(options.Seed, [.. FaultInjector.KindsOf(cluster).Where(options.Wants)], cluster.Brokers.Count);
        var begun = run.Clock.Now;
        return options.Time is { } time ? plan.Rounds().TakeWhile(_ => run.Clock.Now - begun < time) : plan.OneOfEach();
    }

    private async Task<bool> TryRoundAsync((RunContext Run, Workload Load) clients, Supervisor supervisor, IReadOnlyList<Fault> faults)
    {
        var (run, load) = clients;
        var injector = new FaultInjector(cluster, supervisor);
        progress($"{run.Clock.Now.TotalSeconds,7:0.0} s: {string.Join("; ", faults)}");
        var begun = run.Clock.Now;
        try
        {
            await Task.WhenAll(faults.Select(injector.InjectAsync));
        }
        catch (InvalidOperationException failed)
        {
            run.Remark(ViolationKind.NotAvailable, $"{string.Join("; ", faults)}: {failed.Message}");
        }
        var over = run.Clock.Now;
        var isWritten = await AllWrittenAsync(run, RecoveryLimit);
        var written = run.Clock.Now - over;
        if (!isWritten) run.Remark(ViolationKind.NotAvailable, $"{RecoveryLimit.TotalSeconds:0} s after {string.Join("; ", faults)} no record was taken of {run.DescribeSilent(over)}");
        var behind = isWritten ? await load.ReadOnAsync(RecoveryLimit) : null;
        if (behind is not null) run.Remark(ViolationKind.NotAvailable, $"{(run.Clock.Now - over).TotalSeconds:0} s after {string.Join("; ", faults)} readers do not get on: {behind}");
        _rounds.Add(new(faults, begun, written, run.Clock.Now - over));
        await Task.Delay(Calm);
        return isWritten && behind is null;
    }

    private static async Task<bool> AllWrittenAsync(RunContext run, TimeSpan limit)
    {
        var since = run.Clock.Now;
        return await run.Progress.WaitAsync(() => run.SilentSince(since).Count == 0, limit);
    }
}
