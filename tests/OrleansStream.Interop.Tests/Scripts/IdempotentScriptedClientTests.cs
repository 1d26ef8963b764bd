using OrleansStream.Interop.Tests.Brokers;

namespace OrleansStream.Interop.Tests.Scripts;

/// <summary>For clients that have an idempotent producer.</summary>
public abstract class IdempotentScriptedClientTests(BrokerUnderTest broker, ScriptedClient client) : ScriptedClientTests(broker, client)
{
    [Fact]
    public async Task Its_idempotent_producer_writes_each_record_once_and_in_order()
    {
        var seen = await PlayAsync<Dictionary<string, SeenRecord[]>>("idempotent");
        AssertComplete(seen["none"], count: 5_000);
    }
}
