using Confluent.Kafka;
using OrleansStream.Testing.Brokers;

namespace OrleansStream.Cluster.Tests.Crashes;

/// <summary>Kills a broker under load at moments that a seed chooses, starts it again, and audits everything at the end.</summary>
internal sealed class CrashRun(BrokerProcess broker, int kills, int seed)
{
    private static readonly TimeSpan FirstRecords = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ShortestLife = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestLife = TimeSpan.FromMilliseconds(2_500);
    private static readonly TimeSpan LongestDeath = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestStartUp = TimeSpan.FromMilliseconds(1_500);

    // One kill in so many is followed by another one while the broker is still starting.
    private const int KillsWhileStarting = 4;

    private readonly Random _random = new(seed);
    private readonly List<string> _violations = [];
    private TimeSpan _longestRestart;

    public async Task<CrashReport> ExecuteAsync(Action<string> progress)
    {
        await broker.StartAsync();
        string[] topics = ["crash-idempotent", "crash-plain"];
        await Writer.CreateTopicsAsync(broker.Bootstrap, topics);
        await using var once = new Writer(broker.Bootstrap, topics[0], idempotent: true);
        await using var plain = new Writer(broker.Bootstrap, topics[1], idempotent: false);
        await using var readers = new GroupReader(broker.Bootstrap, topics[0], "crash-readers", members: 2);
        once.Start();
        plain.Start();
        readers.Start();

        for (var kill = 1; kill <= kills; kill++)
        {
            try
            {
                await GoOnAsync(once);
                await KillAsync();
                _violations.AddRange(readers.OffsetsThatWentBack());
            }
            catch (Exception error)
            {
                // Said at once: the writers may wait for minutes before they give up.
                progress($"kill {kill} of {kills}: {error.Message}");
                throw;
            }

            progress($"kill {kill} of {kills}: {once.Acknowledged + plain.Acknowledged} acknowledged, {_violations.Count} violations");
        }

        await GoOnAsync(once);
        await ReadOnAsync(readers);
        await Task.WhenAll(once.FinishAsync(), plain.FinishAsync());
        await readers.DisposeAsync();
        _violations.AddRange(new LogAudit(broker.Bootstrap, once).Violations(readers.Seen));
        _violations.AddRange(new LogAudit(broker.Bootstrap, plain).Violations(readers.Seen));
        var unknown = once.Reports.Concat(plain.Reports).Count(report => report.Status != PersistenceStatus.Persisted);
        return new(kills, seed, once.Acknowledged + plain.Acknowledged, unknown, readers.Seen.Count, _longestRestart, _violations);
    }

    // A kill before the writers are heard again would try nothing, so each life has at least a few acknowledged records.
    private async Task GoOnAsync(Writer writer)
    {
        var (start, before) = (TimeProvider.System.GetTimestamp(), writer.Acknowledged);
        while (writer.Acknowledged < before + 100)
        {
            if (TimeProvider.System.GetElapsedTime(start) > FirstRecords)
            {
                throw new InvalidOperationException($"No record was acknowledged for {FirstRecords.TotalSeconds:0} s.\n{broker.RecentOutput()}");
            }
            await Task.Delay(10);
        }
        await Task.Delay(Between(ShortestLife, LongestLife));
    }

    // The group has to come back too.
    private static async Task ReadOnAsync(GroupReader readers)
    {
        var (start, before) = (TimeProvider.System.GetTimestamp(), readers.Seen.Count);
        while (readers.Seen.Count == before)
        {
            if (TimeProvider.System.GetElapsedTime(start) > FirstRecords)
            {
                throw new InvalidOperationException($"The group read nothing for {FirstRecords.TotalSeconds:0} s.");
            }
            await Task.Delay(10);
        }
    }

    private async Task KillAsync()
    {
        await broker.KillAsync();
        await Task.Delay(Between(TimeSpan.Zero, LongestDeath));
        if (_random.Next(KillsWhileStarting) == 0)
        {
            broker.Launch();
            await Task.Delay(Between(TimeSpan.Zero, LongestStartUp));
            await broker.KillAsync();
        }
        var start = TimeProvider.System.GetTimestamp();
        await broker.StartAsync();
        var took = TimeProvider.System.GetElapsedTime(start);
        if (took > _longestRestart) _longestRestart = took;
    }

    private TimeSpan Between(TimeSpan shortest, TimeSpan longest) => shortest + (_random.NextDouble() * (longest - shortest));
}
