using System.Text.Json;
using OrleansStream.Interop.Tests.Brokers;
using OrleansStream.Interop.Tests.Scripts;

namespace OrleansStream.Interop.Tests.JavaTools;

/// <summary>The tools that Apache Kafka tests itself with.</summary>
public sealed class LoadToolsTests(BrokerUnderTest broker)
{
    [Fact]
    public async Task The_performance_test_sends_all_its_records()
    {
        var topic = broker.NewName("java-perf");
        string[] load = ["--num-records", "20000", "--record-size", "200", "--throughput", "-1"];
        Assert.Contains("20000 records sent", await JavaTool.RunAsync("kafka-producer-perf-test", broker.Bootstrap, ["--topic", topic, .. load]));
        Assert.Equal($"{topic}:0:20000", (await JavaTool.RunAsync("kafka-get-offsets", broker.Bootstrap, "--topic", topic)).Trim());
    }

    [Fact]
    public async Task The_verifiable_consumer_reads_what_the_verifiable_producer_had_acknowledged()
    {
        const int records = 500;
        var (topic, group) = (broker.NewName("java-verifiable"), broker.NewName("group"));
        var produced = Events(await JavaTool.RunAsync("kafka-verifiable-producer", broker.Bootstrap, "--topic", topic, "--max-messages", $"{records}", "--acks", "-1"));
        Assert.Equal(records, produced.Single(found => Name(found) == "tool_data").GetProperty("acked").GetInt32());

        string[] reading = ["--topic", topic, "--group-id", group, "--max-messages", $"{records}", "--reset-policy", "earliest"];
        var consumed = Events(await JavaTool.RunAsync("kafka-verifiable-consumer", broker.Bootstrap, reading));
        Assert.Equal(records, consumed.Where(found => Name(found) == "records_consumed").Sum(found => found.GetProperty("count").GetInt32()));
        var committed = consumed.Last(found => Name(found) == "offsets_committed");
        Assert.True(committed.GetProperty("success").GetBoolean());
        Assert.Equal(records, committed.GetProperty("offsets")[0].GetProperty("offset").GetInt32());
    }

    [Fact]
    public async Task The_client_compatibility_test_is_content()
    {
        string[] supported = ["offsets-for-times", "cluster-id", "create-topics", "describe-configs", "idempotent-producer"];
        var expectations = supported.SelectMany(feature => (string[])[$"--{feature}-supported", "True"]);
        // Access control lists do not exist here: the client has to find that out, not to be told a lie.
        string[] others = ["--describe-acls-supported", BrokerUnderTest.IsApacheKafka ? "True" : "False", "--expect-record-too-large-exception", "False"];
        var output = await ExternalTool.RunAsync(
            JavaTool.PathOf("bin/run-class.sh"),
            [
                "org.apache.kafka.tools.ClientCompatibilityTest", "--bootstrap-server", broker.Bootstrap, "--topic", broker.NewName("java-compatibility"),
                "--num-cluster-nodes", "1", .. expectations, .. others,
            ]);
        Assert.Contains("SUCCESS", output);
    }

    [Fact]
    public async Task A_transactional_producer_is_refused_at_once_and_told_why()
    {
        Assert.SkipWhen(BrokerUnderTest.IsApacheKafka, "Apache Kafka has transactions.");
        string[] load = ["--num-records", "1", "--record-size", "10", "--throughput", "-1", "--transactional-id", broker.NewName("transactional")];
        var started = TimeProvider.System.GetTimestamp();

        var result = await ExternalTool.TryRunAsync(
            JavaTool.PathOf("bin/kafka-producer-perf-test.sh"), ["--bootstrap-server", broker.Bootstrap, "--topic", broker.NewName("java-transactional"), .. load]);

        // It waits 60 s for a coordinator that it hopes for; starting Java takes seconds by itself.
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("ransactional", result.Output + result.Errors, StringComparison.Ordinal);
        Assert.InRange(TimeProvider.System.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(30));
    }

    private static List<JsonElement> Events(string output) =>
        [.. output.Split('\n').Where(line => line.StartsWith('{')).Select(line => JsonDocument.Parse(line).RootElement)];

    private static string? Name(JsonElement found) => found.GetProperty("name").GetString();
}
