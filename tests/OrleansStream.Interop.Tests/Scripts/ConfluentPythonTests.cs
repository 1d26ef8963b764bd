using OrleansStream.Interop.Tests.Brokers;

namespace OrleansStream.Interop.Tests.Scripts;

/// <summary>confluent-kafka for Python, as Debian packages it, on an old librdkafka.</summary>
public sealed class ConfluentPythonTests(BrokerUnderTest broker) : IdempotentScriptedClientTests(broker, ScriptedClient.ConfluentPython)
{
    [Fact]
    public async Task A_transactional_producer_is_refused_at_once()
    {
        Assert.SkipWhen(BrokerUnderTest.IsApacheKafka, "Apache Kafka has transactions.");
        var seen = await PlayAsync<TransactionsSeen>("transactions");
        Assert.Contains("ransactional", seen.Error, StringComparison.Ordinal);
        Assert.InRange(seen.Seconds, 0, 5);
    }

    private sealed record TransactionsSeen(double Seconds, string Error);
}
