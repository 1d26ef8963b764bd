using Confluent.Kafka;
using OrleansStream.Testing.Brokers;

namespace OrleansStream.Cluster.Tests.Starting;

/// <summary>Damage that was done to a broker that had stopped in good order: no recovery looks for it.</summary>
public sealed class DamagedPartitionTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orleansstream-damaged-");

    private string Data => Path.Combine(_directory.FullName, "data");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task The_broker_serves_on_and_names_the_partition_in_its_log_its_metrics_and_its_readiness()
    {
        await StoredLog.WriteAsync(Data, Signals.Terminate);
        var file = Path.GetFileName(StoredLog.Damage(Data));
        await using var run = await ServerRun.ServeAsync(Data);

        for (var attempt = 0; attempt < 5; attempt++) Assert.Throws<KafkaException>(() => Ask(run.Bootstrap));

        Assert.Contains("\norleansstream_partitions_damaged 1\n", await run.GetAsync("/metrics"), StringComparison.Ordinal);
        var (status, ready) = await run.AskAsync("/health/ready");
        Assert.Equal((200, $"Ready. Damaged partitions, refused or unreadable at some offsets: 1 ({StoredLog.Topic}-0).\n"), (status, ready));

        await run.SignalAsync(Signals.Terminate);
        var told = Lines(run, "cannot be opened: ");
        Assert.Contains($"Partition {StoredLog.Topic}-0 (", Assert.Single(told), StringComparison.Ordinal);
        Assert.Contains($"{file}', byte ", told[0], StringComparison.Ordinal);
        Assert.Contains("offsets ", told[0], StringComparison.Ordinal);
        Assert.Contains(" fail: OrleansStream.Log", told[0], StringComparison.Ordinal);
        Assert.Contains($"; 1 could not be opened: {StoredLog.Topic}-0", Assert.Single(Lines(run, "could not be opened: ")), StringComparison.Ordinal);
        Assert.DoesNotContain("   at OrleansStream", run.Output + run.Errors, StringComparison.Ordinal);
    }

    private static List<string> Lines(ServerRun run, string text) => [.. (run.Output + run.Errors).Split('\n').Where(line => line.Contains(text, StringComparison.Ordinal))];

    private static void Ask(string bootstrap)
    {
        using var consumer = new ConsumerBuilder<Ignore, Ignore>(new ConsumerConfig { BootstrapServers = bootstrap, GroupId = "asks" }).Build();
        consumer.QueryWatermarkOffsets(new TopicPartition(StoredLog.Topic, 0), TimeSpan.FromSeconds(1));
    }
}
