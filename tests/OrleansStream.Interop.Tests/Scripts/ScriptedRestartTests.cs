using OrleansStream.Interop.Tests.Brokers;

namespace OrleansStream.Interop.Tests.Scripts;

/// <summary>What scripted clients find after the broker has been restarted: all of them in one test, because the restart is the dear part.</summary>
[Collection(RestartCollection.Name)]
public sealed class ScriptedRestartTests(RestartedBroker broker)
{
    private static readonly ScriptedClient[] Clients =
        [ScriptedClient.KafkaPython, ScriptedClient.ConfluentPython, ScriptedClient.KafkaJs, ScriptedClient.Platformatic];

    [Fact]
    public async Task Every_client_resumes_at_its_committed_offset_after_a_restart()
    {
        var names = Clients.Select(client => (Client: client, Topic: broker.NewName($"{client.Name}-restart"), Group: broker.NewName("group"))).ToList();
        await Task.WhenAll(names.Select(name => name.Client.PlayAsync<OffsetsSeen>(broker.Bootstrap, "commit", name.Topic, name.Group)));

        await broker.RestartAsync(TestContext.Current.CancellationToken);

        var resumed = await Task.WhenAll(names.Select(name => name.Client.PlayAsync<OffsetsSeen>(broker.Bootstrap, "resume", name.Topic, name.Group)));
        Assert.All(resumed, seen => Assert.Equal(Enumerable.Range(20, 30).Select(offset => (long)offset), seen.Offsets));
    }

    private sealed record OffsetsSeen(long[] Offsets);
}
