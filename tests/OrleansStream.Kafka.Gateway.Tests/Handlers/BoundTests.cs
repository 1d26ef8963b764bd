using OrleansStream.Kafka.Gateway.Tests.Harness;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Model.Errors;

namespace OrleansStream.Kafka.Gateway.Tests.Handlers;

// Rows of docs/operations/bounds.md that no test of the thing itself drives to the bound.
public sealed class BoundTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(1234);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(1);

    [Theory]
    [InlineData(3, ErrorCode.None)]
    [InlineData(4, ErrorCode.InvalidReplicationFactor)]
    public async Task A_topic_has_no_more_replicas_than_MaxReplicationFactor(short replicas, ErrorCode expected)
    {
        await using var harness = new GatewayHarness(options => options.MaxReplicationFactor = 3);
        var request = new CreateTopicsRequest { TimeoutMs = 1000, Topics = [new() { Name = "a", NumPartitions = 1, ReplicationFactor = replicas }] };

        Assert.Equal(expected, (await harness.Connect().AskAsync<CreateTopicsResponse>(request, 5)).Topics.Single().ErrorCode);
    }

    [Fact]
    public async Task A_change_of_configs_waits_RequestTimeout_and_no_longer()
    {
        await using var harness = new GatewayHarness(options => options.RequestTimeout = Limit);
        harness.AddTopic("a");
        var gate = new TaskCompletionSource();
        harness.Grains.Topics.Gate = gate.Task;
        var request = new AlterConfigsRequest { Resources = [new() { ResourceType = ConfigResourceType.Topic, ResourceName = "a", Configs = [new() { Name = "segment.ms", Value = "7" }] }] };

        var answer = await AnswerAtTheLimitAsync(harness, harness.Connect().AskAsync<AlterConfigsResponse>(request, 2));

        Assert.Equal(ErrorCode.RequestTimedOut, answer.Resources.Single().ErrorCode);
        gate.SetResult();
    }

    [Fact]
    public async Task A_commit_of_offsets_waits_OffsetCommitTimeout_and_no_longer()
    {
        await using var harness = new GatewayHarness(options => options.OffsetCommitTimeout = Limit);
        harness.AddTopic("a");
        var gate = new TaskCompletionSource();
        harness.Grains.Groups["g"] = new FakeGroupGrain { CommitGate = gate.Task };
        var request = new OffsetCommitRequest { GroupId = "g", Topics = [new() { Name = "a", Partitions = [new() { Index = 0, CommittedOffset = 7 }] }] };

        var answer = await AnswerAtTheLimitAsync(harness, harness.Connect().AskAsync<OffsetCommitResponse>(request, 7));

        Assert.Equal(ErrorCode.CoordinatorNotAvailable, answer.Topics.Single().Partitions.Single().ErrorCode);
        gate.SetResult();
    }

    private static async Task<T> AnswerAtTheLimitAsync<T>(GatewayHarness harness, Task<T> answer)
    {
        await GatewayHarness.UntilAsync(() => harness.Clock.Timers.Contains(Limit));
        harness.Time.Advance(Limit - Step);
        for (var turn = 0; turn < 1000; turn++) await Task.Yield();
        Assert.False(answer.IsCompleted);

        harness.Time.Advance(Step);
        return await answer;
    }
}
