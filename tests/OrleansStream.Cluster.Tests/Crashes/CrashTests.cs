using Confluent.Kafka;
using OrleansStream.Testing.Brokers;

namespace OrleansStream.Cluster.Tests.Crashes;

/// <summary>
/// A broker as a real process that is killed. ORLEANSSTREAM_CRASH_KILLS and ORLEANSSTREAM_CRASH_SEED make the loop longer or another one
/// (infra/crash-loop.sh). What a power cut does is the simulator's part.
/// </summary>
public sealed class CrashTests(ITestOutputHelper output)
{
    private const int Kills = 4;
    private const int Seed = 20_251;
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task Nothing_acknowledged_is_lost_moved_duplicated_or_reordered_by_kill_9()
    {
        var directory = Directory.CreateTempSubdirectory("orleansstream-crash-");
        CrashReport report;
        await using (var broker = ProcessBroker.Create(directory.FullName))
        {
            report = await new CrashRun(broker, FromEnvironment("KILLS", Kills), FromEnvironment("SEED", Seed)).ExecuteAsync(output.WriteLine);
        }
        output.WriteLine(report.ToString());
        Assert.True(report.Violations.Count == 0, $"{report}\nThe data is still in {directory.FullName}.");
        Assert.True(report.Acknowledged > 0 && report.ReadByGroup > 0, $"{report}");
        directory.Delete(recursive: true);
    }

    [Fact]
    public async Task Sigterm_under_load_ends_the_broker_within_seconds_and_loses_nothing()
    {
        var directory = Directory.CreateTempSubdirectory("orleansstream-stop-");
        await using var broker = ProcessBroker.Create(directory.FullName);
        await broker.StartAsync(TestContext.Current.CancellationToken);
        await Writer.CreateTopicsAsync(broker.Bootstrap, "stop");
        await using var writer = new Writer(broker.Bootstrap, "stop", idempotent: true);
        writer.Start();
        while (writer.Acknowledged < 1_000) await Task.Delay(10);

        var took = await broker.StopAsync(TestContext.Current.CancellationToken);
        await broker.StartAsync(TestContext.Current.CancellationToken);
        await writer.FinishAsync();

        Assert.True(took < StopLimit, $"It took {took.TotalSeconds:0.0} s.");
        Assert.Empty(new LogAudit(broker.Bootstrap, writer).Violations([]));
        await broker.DisposeAsync();
        directory.Delete(recursive: true);
    }

    private static int FromEnvironment(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable($"ORLEANSSTREAM_CRASH_{name}"), out var value) ? value : otherwise;
}
