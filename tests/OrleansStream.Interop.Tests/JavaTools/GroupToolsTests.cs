using System.Text.RegularExpressions;
using OrleansStream.Interop.Tests.Brokers;

namespace OrleansStream.Interop.Tests.JavaTools;

/// <summary>The console producer and consumer, and kafka-consumer-groups.</summary>
public sealed class GroupToolsTests(BrokerUnderTest broker)
{
    private const string Records = "one:1\ntwo:2\nthree:3\nfour:4\n";

    [Theory]
    [InlineData("none")]
    [InlineData("gzip")]
    [InlineData("snappy")]
    [InlineData("lz4")]
    [InlineData("zstd")]
    public async Task The_console_consumer_prints_what_the_console_producer_sent_with(string codec)
    {
        var topic = broker.NewName($"java-{codec}");
        await JavaTool.RunAsync("kafka-topics", broker.Bootstrap, "--create", "--topic", topic, "--partitions", "3");
        await ProduceAsync(topic, codec);

        string[] format = ["--formatter-property", "print.key=true", "--formatter-property", "key.separator=:"];
        string[] limits = ["--from-beginning", "--max-messages", "4", "--timeout-ms", "20000"];
        var output = await JavaTool.RunAsync("kafka-console-consumer", broker.Bootstrap, ["--topic", topic, .. limits, .. format]);
        Assert.Equal(Lines(Records).Order(), Lines(output).Order());
    }

    [Fact]
    public async Task Kafka_consumer_groups_describes_resets_and_deletes()
    {
        var (topic, group) = (broker.NewName("java-group"), broker.NewName("group"));
        await JavaTool.RunAsync("kafka-topics", broker.Bootstrap, "--create", "--topic", topic, "--partitions", "1");
        await ProduceAsync(topic, "none");
        string[] reading = ["--from-beginning", "--max-messages", "4", "--timeout-ms", "20000"];
        await JavaTool.RunAsync("kafka-console-consumer", broker.Bootstrap, ["--topic", topic, "--group", group, .. reading]);

        Assert.Contains(group, Lines(await JavaTool.RunAsync("kafka-consumer-groups", broker.Bootstrap, "--list")));
        Assert.Equal("4 4 0", await PositionAsync(topic, group));
        await JavaTool.RunAsync("kafka-consumer-groups", broker.Bootstrap, "--reset-offsets", "--to-offset", "1", "--execute", "--group", group, "--topic", topic);
        Assert.Equal("1 4 3", await PositionAsync(topic, group));
        Assert.Contains("Empty", await JavaTool.RunAsync("kafka-consumer-groups", broker.Bootstrap, "--describe", "--state", "--group", group));

        await JavaTool.RunAsync("kafka-consumer-groups", broker.Bootstrap, "--delete-offsets", "--group", group, "--topic", topic);
        await JavaTool.RunAsync("kafka-consumer-groups", broker.Bootstrap, "--delete", "--group", group);
        Assert.DoesNotContain(group, Lines(await JavaTool.RunAsync("kafka-consumer-groups", broker.Bootstrap, "--list")));
    }

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private Task<string> ProduceAsync(string topic, string codec)
    {
        string[] keyed = ["--reader-property", "parse.key=true", "--reader-property", "key.separator=:"];
        return JavaTool.FeedAsync("kafka-console-producer", broker.Bootstrap, Records, ["--topic", topic, "--compression-codec", codec, .. keyed]);
    }

    // Committed offset, end offset and lag of the only partition.
    private async Task<string> PositionAsync(string topic, string group)
    {
        var described = await JavaTool.RunAsync("kafka-consumer-groups", broker.Bootstrap, "--describe", "--group", group);
        return Regex.Match(described, $@"{topic} +0 +(\d+ +\d+ +\d+)").Groups[1].Value is { Length: > 0 } found ? Regex.Replace(found, " +", " ") : described;
    }
}
