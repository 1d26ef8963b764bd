using OrleansStream.Interop.Tests.Brokers;
using OrleansStream.Interop.Tests.Confluent;
using OrleansStream.Interop.Tests.Scripts;

namespace OrleansStream.Interop.Tests.Kcat;

/// <summary>What kcat finds after the broker has been restarted.</summary>
[Collection(RestartCollection.Name)]
public sealed class KcatRestartTests(RestartedBroker broker)
{
    [Fact]
    public async Task A_kcat_group_resumes_at_its_committed_offset_after_a_restart()
    {
        var topic = broker.NewName("kcat-restart");
        var group = broker.NewName("group");
        await ConfluentClients.CreateTopicAsync(broker.Bootstrap, topic, 1);
        await ProduceAsync(topic, "1\n2\n3\n");
        var first = new KcatMember(broker.Bootstrap, group, topic);
        await Eventually.BecomesAsync(() => Task.FromResult(first.Values.Length), count => count == 3, "three records");
        await first.DisposeAsync();
        await ProduceAsync(topic, "4\n");

        await broker.RestartAsync(TestContext.Current.CancellationToken);

        await ProduceAsync(topic, "5\n");
        await using var second = new KcatMember(broker.Bootstrap, group, topic);
        await Eventually.BecomesAsync(() => Task.FromResult(second.Values.Length), count => count >= 2, "the two records after the commit");
        Assert.Equal(["4", "5"], second.Values);
    }

    private Task ProduceAsync(string topic, string values) => ExternalTool.RunAsync("kcat", ["-b", broker.Bootstrap, "-P", "-t", topic], values);
}
