using OrleansStream.Kafka.Gateway.Tests.Harness;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Model;

namespace OrleansStream.Kafka.Gateway.Tests.Connections;

/// <summary>What answers may cost that nobody reads.</summary>
public class AnswerBudgetTests
{
    private static readonly MetadataRequest Anything = new() { Topics = [] };

    [Fact]
    public async Task An_unread_answer_keeps_further_large_ones_from_being_begun_until_it_is_read()
    {
        await using var harness = new GatewayHarness(static options => options.AnswerBytes = Limits.MiB);
        var greedy = await GreedyAsync(harness);
        var other = harness.Connect();
        await other.SendAsync(Anything, 9);
        await GatewayHarness.UntilAsync(() => harness.Answers.Waiting == 1);

        // What is small in any case does not wait.
        await harness.Connect().AskAsync<ApiVersionsResponse>(new ApiVersionsRequest(), 2);
        Assert.Equal(1, harness.Answers.Waiting);
        var answer = await greedy.ReceiveRawAsync();

        Assert.True(answer!.Length > Limits.MiB);
        Assert.NotNull(await other.ReceiveRawAsync());
    }

    [Fact]
    public async Task Who_does_not_read_is_cut_off_early_when_others_wait()
    {
        await using var harness = new GatewayHarness(static options => options.AnswerBytes = Limits.MiB);
        var greedy = await GreedyAsync(harness);
        var other = harness.Connect();
        await other.SendAsync(Anything, 9);
        await GatewayHarness.UntilAsync(() => harness.Answers.Waiting == 1);

        for (var second = 0; second < 3; second++)
        {
            harness.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.NotNull(await other.ReceiveRawAsync());
        await greedy.Served;
    }

    // A client that asks for every topic's configs, again and again, and reads nothing.
    private static async Task<TestClient> GreedyAsync(GatewayHarness harness)
    {
        for (var topic = 0; topic < 300; topic++)
        {
            harness.AddTopic($"topic-{topic}");
        }

        var greedy = harness.Connect(pauseBytes: 64 * Limits.KiB);
        await greedy.SendAsync(
            new DescribeConfigsRequest
            {
                IncludeDocumentation = true,
                IncludeSynonyms = true,
                Resources = [.. Enumerable.Range(0, 300).Select(static topic => new DescribeConfigsRequest.Resource { ResourceType = ConfigResourceType.Topic, ResourceName = $"topic-{topic}" })],
            },
            4);
        await GatewayHarness.UntilAsync(() => harness.Answers.Taken == Limits.MiB);

        // Its first bytes are there, and untouched: the broker waits for room to write the rest from now on.
        var first = await greedy.Input.ReadAsync(TestContext.Current.CancellationToken);
        greedy.Input.AdvanceTo(first.Buffer.Start);
        return greedy;
    }
}
