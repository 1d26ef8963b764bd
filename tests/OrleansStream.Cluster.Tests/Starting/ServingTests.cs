using Confluent.Kafka;
using Confluent.Kafka.Admin;
using OrleansStream.Testing.Brokers;

namespace OrleansStream.Cluster.Tests.Starting;

public sealed class ServingTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orleansstream-serve-");

    private string Data => Path.Combine(_directory.FullName, "data");

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData(Signals.Terminate)]
    [InlineData(Signals.Interrupt)]
    public async Task A_signal_ends_it_within_seconds_and_with_success_though_clients_wait(int signal)
    {
        await using var run = await ServerRun.ServeAsync(Data);
        await StoredLog.ProduceAsync(run.Bootstrap);
        using var waiting = new ConsumerBuilder<Ignore, byte[]>(new ConsumerConfig { BootstrapServers = run.Bootstrap, GroupId = "waits", FetchWaitMaxMs = 10_000 }).Build();
        waiting.Assign(new TopicPartitionOffset(StoredLog.Topic, 0, StoredLog.Records - 1));
        Assert.NotNull(waiting.Consume(Limit));

        var (exitCode, took) = await run.SignalAsync(signal);

        Assert.Equal(0, exitCode);
        Assert.Equal("", run.Errors);
        Assert.InRange(took, TimeSpan.Zero, TimeSpan.FromSeconds(8));
    }

    [Theory]
    [InlineData(Signals.Terminate)]
    [InlineData(Signals.Kill)]
    public async Task A_second_start_has_all_that_was_acknowledged(int signal)
    {
        await StoredLog.WriteAsync(Data, signal);

        await using var again = await ServerRun.ServeAsync(Data);

        Assert.Equal(StoredLog.Records, StoredLog.Count(again.Bootstrap));
        Assert.Equal("", again.Errors);
    }

    [Fact]
    public async Task Port_0_is_advertised_by_the_number_that_it_became()
    {
        await using var run = await ServerRun.ServeAsync(Data, "--kafka", "localhost:0");

        var broker = Assert.Single(Metadata(run).Brokers);

        Assert.NotEqual(0, broker.Port);
        Assert.Equal(run.Bootstrap, $"{broker.Host}:{broker.Port}");
    }

    [Fact]
    public async Task Where_it_serves_is_said_once()
    {
        await using var run = await ServerRun.ServeAsync(Data);

        await run.SignalAsync(Signals.Terminate);

        Assert.Single(run.Output.Split('\n'), line => line.Contains(run.Bootstrap, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_listener_that_others_reach_is_warned_of()
    {
        await using var run = await ServerRun.ServeAsync(Data, "--Kafka:listeners=PLAINTEXT://0.0.0.0:0", "--Kafka:advertised.listeners=PLAINTEXT://127.0.0.1:0");

        await run.SignalAsync(Signals.Terminate);

        Assert.Matches("warn: OrleansStream.Server.* Listener PLAINTEXT on 0.0.0.0:.* can be reached from other machines", run.Output.Split('\n').Single(line => line.Contains("can be reached", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task An_HTTP_address_that_others_reach_is_warned_of()
    {
        await using var run = ServerRun.Start("--data", Data, "--kafka", "127.0.0.1:0", "--http", "0.0.0.0:0");
        await run.AnnouncedAsync();

        await run.SignalAsync(Signals.Terminate);

        Assert.Matches("warn: OrleansStream.Server.* Health and metrics on 0.0.0.0:", run.Output.Split('\n').Single(line => line.Contains("can be reached", StringComparison.Ordinal)));
    }

    // What Kafka 4.3 ships as config/server.properties, with ports of its own.
    [Fact]
    public async Task A_file_of_a_Kafka_broker_is_taken_as_it_is_and_what_means_nothing_here_is_named()
    {
        var file = Path.Combine(_directory.FullName, "server.properties");
        await File.WriteAllTextAsync(file, """
            # The role of this server. Setting this puts us in KRaft mode
            process.roles=broker,controller
            node.id=7
            controller.quorum.bootstrap.servers=localhost:9093
            listeners=PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:9093
            inter.broker.listener.name=PLAINTEXT
            advertised.listeners=PLAINTEXT://127.0.0.1:0,CONTROLLER://localhost:9093
            controller.listener.names=CONTROLLER
            listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,\
                SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL
            num.network.threads=3
            log.dirs=/tmp/kraft-combined-logs
            num.partitions = 5
            offsets.topic.replication.factor=1
            share.coordinator.state.topic.min.isr=1
            log.retention.hours=168
            """);
        await using var run = ServerRun.Start("--data", Data, "--http", "127.0.0.1:0", "--config", file);
        await run.AnnouncedAsync();

        Assert.Equal(7, Assert.Single(Metadata(run).Brokers).BrokerId);
        var configs = await ConfigsAsync(run, "7");
        Assert.Equal(("5", Data, "broker,controller"), (configs["num.partitions"].Value, configs["log.dirs"].Value, configs["process.roles"].Value));
        await run.SignalAsync(Signals.Terminate);
        Assert.Contains(
            "without effect in this broker: controller.listener.names, controller.quorum.bootstrap.servers, inter.broker.listener.name, log.dirs, num.network.threads, offsets.topic.replication.factor, process.roles, share.coordinator.state.topic.min.isr.",
            run.Output,
            StringComparison.Ordinal);
    }

    // Command line over environment over file.
    [Fact]
    public async Task Settings_come_from_file_environment_and_command_line_and_the_later_wins()
    {
        var file = Path.Combine(_directory.FullName, "settings.json");
        await File.WriteAllTextAsync(file, """{ "Kafka": { "num.partitions": 2, "fetch.max.bytes": 2000, "offset.metadata.max.bytes": 20 }, "OrleansStream": { "Lane": { "Sync": "Interval" } } }""");
        var environment = new Dictionary<string, string> { ["Kafka__num.partitions"] = "3", ["Kafka__fetch_max_bytes"] = "3000" };
        await using var run = ServerRun.Start(
            environment, "--data", Data, "--kafka", "127.0.0.1:0", "--http", "127.0.0.1:0", "--config", file, "--Kafka:num.partitions", "4");
        await run.AnnouncedAsync();

        var configs = await ConfigsAsync(run);

        Assert.Equal("4", configs["num.partitions"].Value);
        Assert.Equal("3000", configs["fetch.max.bytes"].Value);
        Assert.Equal("20", configs["offset.metadata.max.bytes"].Value);
        Assert.Equal(ConfigSource.StaticBrokerConfig, configs["num.partitions"].Source);
    }

    // A shell that allows no dots in names of variables has no other spelling.
    [Fact]
    public async Task The_command_line_wins_over_the_environment_whatever_the_spelling_of_a_name()
    {
        var file = Path.Combine(_directory.FullName, "settings.json");
        await File.WriteAllTextAsync(file, """{ "Kafka": { "fetch.max.bytes": 2000, "offset_metadata_max_bytes": 20 } }""");
        var environment = new Dictionary<string, string> { ["Kafka__num_partitions"] = "5", ["KAFKA__FETCH_MAX_BYTES"] = "3000" };
        await using var run = ServerRun.Start(
            environment, "--data", Data, "--kafka", "127.0.0.1:0", "--http", "127.0.0.1:0", "--config", file, "--Kafka:num.partitions=7", "--Kafka:offset.metadata.max.bytes=21");
        await run.AnnouncedAsync();

        var configs = await ConfigsAsync(run);

        Assert.Equal(("7", "3000", "21"), (configs["num.partitions"].Value, configs["fetch.max.bytes"].Value, configs["offset.metadata.max.bytes"].Value));
    }

    [Fact]
    public async Task Describing_the_broker_shows_where_it_listens_and_where_its_data_lies()
    {
        await using var run = await ServerRun.ServeAsync(Data);

        var configs = await ConfigsAsync(run);

        Assert.Equal($"PLAINTEXT://{run.Bootstrap}", configs["listeners"].Value);
        Assert.Equal($"PLAINTEXT://{run.Bootstrap}", configs["advertised.listeners"].Value);
        Assert.Equal(Data, configs["log.dirs"].Value);
        Assert.Equal("10000", configs["max.connections"].Value);
        Assert.Equal("604800000", configs["transactional.id.expiration.ms"].Value);
    }

    [Fact]
    public async Task Configs_of_groups_are_told_as_their_options_set_them_and_kafkas_name_wins()
    {
        await using var run = await ServerRun.ServeAsync(
            Data,
            "--OrleansStream:Groups:MinSessionTimeout=00:00:02",
            "--OrleansStream:Groups:MaxSessionTimeout=00:01:00",
            "--OrleansStream:Groups:InitialRebalanceDelay=00:00:00.250",
            "--OrleansStream:Groups:MaxSize=7",
            "--OrleansStream:Groups:OffsetMetadataMaxBytes=100",
            "--OrleansStream:Groups:OffsetsRetention=1.00:00:00",
            "--Kafka:group.max.session.timeout.ms=50000");

        var configs = await ConfigsAsync(run);

        Assert.Equal("2000", configs["group.min.session.timeout.ms"].Value);
        Assert.Equal("50000", configs["group.max.session.timeout.ms"].Value);
        Assert.Equal("250", configs["group.initial.rebalance.delay.ms"].Value);
        Assert.Equal("7", configs["group.max.size"].Value);
        Assert.Equal("100", configs["offset.metadata.max.bytes"].Value);
        Assert.Equal("1440", configs["offsets.retention.minutes"].Value);
    }

    [Fact]
    public async Task A_setting_without_effect_is_taken_and_said_to_be_one()
    {
        await using var run = await ServerRun.ServeAsync(Data, "--Kafka:num.io.threads=3");

        await run.SignalAsync(Signals.Terminate);

        Assert.Contains("without effect in this broker: num.io.threads.", run.Output, StringComparison.Ordinal);
    }

    private static Metadata Metadata(ServerRun run)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = run.Bootstrap }).Build();
        return admin.GetMetadata(Limit);
    }

    private static async Task<Dictionary<string, ConfigEntryResult>> ConfigsAsync(ServerRun run, string broker = "1")
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = run.Bootstrap }).Build();
        var described = await admin.DescribeConfigsAsync([new ConfigResource { Type = ResourceType.Broker, Name = broker }]);
        return Assert.Single(described).Entries;
    }
}
