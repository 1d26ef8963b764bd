using System.Text.Json;
using OrleansStream.Interop.Tests.Brokers;

namespace OrleansStream.Interop.Tests.JavaTools;

/// <summary>kafka-topics, kafka-configs, kafka-get-offsets, kafka-delete-records and kafka-log-dirs.</summary>
public sealed class TopicToolsTests(BrokerUnderTest broker)
{
    [Fact]
    public async Task Kafka_topics_creates_describes_widens_and_deletes()
    {
        var topic = broker.NewName("java-topics");
        string[] settings = ["--partitions", "2", "--config", "retention.ms=1000000"];
        var created = await JavaTool.RunAsync("kafka-topics", broker.Bootstrap, ["--create", "--topic", topic, .. settings]);
        Assert.Contains($"Created topic {topic}", created);
        var described = await JavaTool.RunAsync("kafka-topics", broker.Bootstrap, "--describe", "--topic", topic);
        Assert.Contains("PartitionCount: 2", described);
        Assert.Contains("retention.ms=1000000", described);

        await JavaTool.RunAsync("kafka-topics", broker.Bootstrap, "--alter", "--topic", topic, "--partitions", "4");
        Assert.Contains("PartitionCount: 4", await JavaTool.RunAsync("kafka-topics", broker.Bootstrap, "--describe", "--topic", topic));
        await JavaTool.RunAsync("kafka-topics", broker.Bootstrap, "--delete", "--topic", topic);
        Assert.DoesNotContain(topic, (await JavaTool.RunAsync("kafka-topics", broker.Bootstrap, "--list")).Split('\n'));
    }

    [Fact]
    public async Task Kafka_configs_alters_and_describes_a_topic_and_describes_the_broker()
    {
        var topic = broker.NewName("java-configs");
        await JavaTool.RunAsync("kafka-topics", broker.Bootstrap, "--create", "--topic", topic);
        string[] entity = ["--entity-type", "topics", "--entity-name", topic];
        await JavaTool.RunAsync("kafka-configs", broker.Bootstrap, ["--alter", .. entity, "--add-config", "retention.ms=5000000,max.message.bytes=2000000"]);
        var changed = await JavaTool.RunAsync("kafka-configs", broker.Bootstrap, ["--describe", .. entity]);
        Assert.Contains("retention.ms=5000000", changed);
        Assert.Contains("max.message.bytes=2000000", changed);

        await JavaTool.RunAsync("kafka-configs", broker.Bootstrap, ["--alter", .. entity, "--delete-config", "retention.ms"]);
        Assert.DoesNotContain("retention.ms=5000000", await JavaTool.RunAsync("kafka-configs", broker.Bootstrap, ["--describe", .. entity]));
        Assert.Contains("num.partitions=", await JavaTool.RunAsync("kafka-configs", broker.Bootstrap, "--describe", "--entity-type", "brokers", "--all"));
    }

    // A config that Kafka does not have: the tool asks the broker what it knows.
    [Fact]
    public async Task Kafka_configs_sets_shows_and_takes_away_the_latency_class_of_a_topic()
    {
        var topic = broker.NewName("java-class");
        await JavaTool.RunAsync("kafka-topics", broker.Bootstrap, "--create", "--topic", topic);
        string[] entity = ["--entity-type", "topics", "--entity-name", topic];
        await JavaTool.RunAsync("kafka-configs", broker.Bootstrap, ["--alter", .. entity, "--add-config", "orleansstream.latency.class=economy"]);
        Assert.Contains("DYNAMIC_TOPIC_CONFIG:orleansstream.latency.class=economy", await JavaTool.RunAsync("kafka-configs", broker.Bootstrap, ["--describe", .. entity]));
        Assert.Contains("orleansstream.latency.class=economy", await JavaTool.RunAsync("kafka-topics", broker.Bootstrap, "--describe", "--topic", topic));

        await JavaTool.RunAsync("kafka-configs", broker.Bootstrap, ["--alter", .. entity, "--delete-config", "orleansstream.latency.class"]);
        Assert.DoesNotContain("DYNAMIC_TOPIC_CONFIG:orleansstream.latency.class", await JavaTool.RunAsync("kafka-configs", broker.Bootstrap, ["--describe", .. entity, "--all"]));
    }

    [Fact]
    public async Task Kafka_get_offsets_delete_records_and_log_dirs_agree_about_a_log()
    {
        var topic = broker.NewName("java-offsets");
        await JavaTool.RunAsync("kafka-topics", broker.Bootstrap, "--create", "--topic", topic);
        await JavaTool.FeedAsync("kafka-console-producer", broker.Bootstrap, "a\nb\nc\nd\n", "--topic", topic);
        Assert.Equal($"{topic}:0:4", await OffsetsAsync(topic, "latest"));
        Assert.True(await SizeAsync(topic) > 0, "The log takes room.");

        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, $$"""{"version":1,"partitions":[{"topic":"{{topic}}","partition":0,"offset":3}]}""");
        Assert.Contains("low_watermark: 3", await JavaTool.RunAsync("kafka-delete-records", broker.Bootstrap, "--offset-json-file", file));
        File.Delete(file);
        Assert.Equal($"{topic}:0:3", await OffsetsAsync(topic, "earliest"));
    }

    private async Task<string> OffsetsAsync(string topic, string time) =>
        (await JavaTool.RunAsync("kafka-get-offsets", broker.Bootstrap, "--topic", topic, "--time", time)).Trim();

    private async Task<long> SizeAsync(string topic)
    {
        var output = await JavaTool.RunAsync("kafka-log-dirs", broker.Bootstrap, "--describe", "--topic-list", topic);
        using var document = JsonDocument.Parse(output.Split('\n').Single(line => line.StartsWith('{')));
        var partitions = document.RootElement.GetProperty("brokers").EnumerateArray()
            .SelectMany(found => found.GetProperty("logDirs").EnumerateArray())
            .SelectMany(directory => directory.GetProperty("partitions").EnumerateArray());
        return partitions.Single().GetProperty("size").GetInt64();
    }
}
