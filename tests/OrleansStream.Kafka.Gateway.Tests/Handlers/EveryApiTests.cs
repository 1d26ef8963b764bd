using System.Reflection;
using OrleansStream.Kafka.Gateway.Tests.Harness;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Declarations;
using OrleansStream.Kafka.Protocol.Messages;

namespace OrleansStream.Kafka.Gateway.Tests.Handlers;

/// <summary>What holds for the whole version table: each API is asked for nothing in particular, in each of its versions.</summary>
public class EveryApiTests
{
    private static readonly Dictionary<ApiKey, Type> Requests = typeof(IRequest).Assembly.GetTypes()
        .Where(type => type.GetCustomAttribute<RequestAttribute>() is not null)
        .ToDictionary(type => type.GetCustomAttribute<RequestAttribute>()!.Api);

    public static TheoryData<ApiKey> All => [.. ApiTable.All.Select(api => api.Key)];

    // Pitfall 24: nobody is throttled, and nobody is told so.
    [Theory, MemberData(nameof(All))]
    public async Task Pitfall_24_no_answer_makes_a_client_sleep(ApiKey key)
    {
        await using var harness = new GatewayHarness();
        var client = harness.Connect();
        var api = ApiTable.Get(key);
        for (var version = api.MinVersion; version <= api.MaxVersion; version++)
        {
            var request = (IRequest)Activator.CreateInstance(Requests[key])!;
            if (request is ProduceRequest produce)
            {
                // Otherwise there is no answer.
                produce.Acks = -1;
            }

            var answer = await client.AskAsync<IResponse>(request, version);
            if (answer.GetType().GetProperty("ThrottleTimeMs") is { } throttle)
            {
                Assert.Equal(0, throttle.GetValue(answer));
            }
        }
    }
}
