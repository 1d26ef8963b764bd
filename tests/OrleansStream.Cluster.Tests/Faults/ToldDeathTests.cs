using System.Globalization;
using System.Text.RegularExpressions;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using OrleansStream.Cluster.Tests.Load;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Testing.Brokers;
using OrleansStream.Testing.Clusters;

namespace OrleansStream.Cluster.Tests.Faults;

/// <summary>What the logs of those who go on say of a broker that was killed, to a person who has to find out what happened and whether it is over.</summary>
public sealed partial class ToldDeathTests : IDisposable
{
    private const string Topic = "bereft";
    private const int Partitions = 12;
    private const int Brokers = 3;
    private const int Dead = 2;
    private const short MetadataVersion = 9;

    // docs/operations/configuration.md.
    private const int DeclaredDead = 3;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orleansstream-told-death-");

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task The_others_say_who_is_gone_what_they_take_over_and_that_it_serves_and_little_else()
    {
        await using var cluster = await KilledAsync(new Dictionary<string, string>());

        var parts = 0;
        foreach (var broker in Survivors(cluster))
        {
            var lines = await SinceTakeOverAsync(broker);
            var found = Assert.Single(lines.Select(line => Found().Match(line)), match => match.Success);
            Assert.Equal(cluster.Brokers[Dead - 1].Bootstrap, found.Groups["address"].Value);
            Assert.Equal(found.Groups["mine"].Value, Assert.Single(lines.Select(line => Served().Match(line)), match => match.Success).Groups["mine"].Value);
            Assert.DoesNotContain(lines, line => Noise().IsMatch(line) || line.Contains("Exception", StringComparison.Ordinal));
            parts += int.Parse(found.Groups["mine"].Value, CultureInfo.InvariantCulture);
        }

        // A third of the topic's at least; journals of groups and the catalog may be among them.
        Assert.True(parts >= Partitions / Brokers, $"{parts}");
    }

    [Fact]
    public async Task All_that_Orleans_has_to_say_is_there_when_it_is_asked_for()
    {
        await using var cluster = await KilledAsync(new Dictionary<string, string> { ["Logging:LogLevel:Orleans"] = "Warning" });

        foreach (var broker in Survivors(cluster)) Assert.Contains(await SinceTakeOverAsync(broker), line => Noise().IsMatch(line));
    }

    [Fact]
    public async Task A_broker_that_the_others_have_declared_dead_ends_with_one_sentence_and_a_code_of_its_own()
    {
        await using var cluster = new BlobCluster(_directory.FullName, brokers: Brokers, isDirect: true);
        await cluster.StartAsync(Cancelled);
        var frozen = cluster.Brokers[Dead - 1];
        frozen.Pause();
        foreach (var broker in Survivors(cluster)) await SaysAsync(broker, Found());
        Assert.True(frozen.IsRunning);

        frozen.Resume();

        await SaysAsync(frozen, CannotGoOn());
        while (frozen.ExitCode is null) await Task.Delay(20, Cancelled);
        Assert.Equal(DeclaredDead, frozen.ExitCode);
        Assert.DoesNotContain("   at ", frozen.RecentOutput(), StringComparison.Ordinal);
    }

    private async Task<BlobCluster> KilledAsync(Dictionary<string, string> options)
    {
        var cluster = new BlobCluster(_directory.FullName, brokers: Brokers, options, isDirect: true);
        await cluster.StartAsync(Cancelled);
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = cluster.Bootstrap }).Build();
        await admin.CreateTopicsAsync([new TopicSpecification { Name = Topic, NumPartitions = Partitions, ReplicationFactor = 1 }]);
        using var producer = new ProducerBuilder<Null, string>(new ProducerConfig { BootstrapServers = cluster.Bootstrap, MessageTimeoutMs = 60_000 }).Build();
        for (var partition = 0; partition < Partitions; partition++) await producer.ProduceAsync(new TopicPartition(Topic, partition), new Message<Null, string> { Value = "a" }, Cancelled);
        foreach (var broker in Survivors(cluster)) await HeardThatAllAreSpreadAsync(broker);
        await cluster.Brokers[Dead - 1].KillAsync();
        return cluster;
    }

    // What a broker opens, the others hear a moment later; what they have not heard of is opened when it is asked for, and is no part of a take-over. Nor is what has yet to move to a
    // broker that joined last.
    private static async Task HeardThatAllAreSpreadAsync(BrokerProcess broker)
    {
        using var connection = (await WireConnection.TryOpenAsync(broker.Port, Limit))!;
        var request = new MetadataRequest { Topics = [new() { Name = Topic }] };
        while (true)
        {
            var partitions = (await connection.TryAskAsync<MetadataResponse>(request, MetadataVersion, Limit))!.Topics[0].Partitions;
            if (partitions.TrueForAll(static partition => partition.LeaderEpoch >= 0) && partitions.Count(static partition => partition.LeaderId == Dead) == Partitions / Brokers) return;
            await Task.Delay(20, Cancelled);
        }
    }

    private static IEnumerable<BrokerProcess> Survivors(BlobCluster cluster) => cluster.Brokers.Where(static broker => broker.Id != Dead);

    // Without what was said of the start.
    private static async Task<List<string>> SinceTakeOverAsync(BrokerProcess broker)
    {
        await SaysAsync(broker, Served());
        return [.. broker.RecentOutput().Split('\n').SkipWhile(static line => !line.Contains("serves Kafka clients on", StringComparison.Ordinal)).Skip(1)];
    }

    private static async Task SaysAsync(BrokerProcess broker, Regex line)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!line.IsMatch(broker.RecentOutput()))
        {
            Assert.False(limit.IsCancellationRequested, broker.RecentOutput());
            await Task.Delay(20, Cancelled);
        }
    }

    [GeneratedRegex(@"^The silo of broker 2 cannot go on: .{1,200}$", RegexOptions.Multiline)]
    private static partial Regex CannotGoOn();

    [GeneratedRegex(@" info: .* Broker 2 \((?<address>\S+); session 2-[0-9a-f]{32}\) is gone: this broker takes over (?<mine>\d+) partitions that it served$", RegexOptions.Multiline)]
    private static partial Regex Found();

    [GeneratedRegex(@" info: .* All (?<mine>\d+) partitions taken over from broker 2 serve, \d+\.\d{3} s after it was found gone", RegexOptions.Multiline)]
    private static partial Regex Served();

    // Connections, messages, probes and the directory; what tells of a machine that is too busy is another thing.
    [GeneratedRegex(@" (warn|fail): (Polly|Orleans\.(Messaging|Runtime\.(Messaging|CallbackData|GrainCallCancellationManager|GrainDirectory|MembershipService\.SiloHealthMonitor)))")]
    private static partial Regex Noise();
}
