using OrleansStream.Kafka.Gateway.Tests.Harness;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Records;

namespace OrleansStream.Kafka.Gateway.Tests.Handlers;

/// <summary>Batches of one connection and partition are stored in their order or not at all, whatever happens to those before them.</summary>
public class ProduceOrderTests
{
    [Fact]
    public async Task A_batch_does_not_pass_one_that_was_refused_since_its_partition_did_not_open_in_time()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders", 2);
        var gate = new TaskCompletionSource();
        harness.Grains.Partitions.Gate = gate.Task;
        var client = harness.Connect();
        await client.SendAsync(Produce("impatient", timeoutMs: 1_000), 9);

        // Its other partition shows that the second one was read before the first one was answered.
        var both = Produce("patient", timeoutMs: 30_000);
        both.Topics[0].Partitions.Add(Produce("patient", timeoutMs: 30_000, partition: 1).Topics[0].Partitions[0]);
        await client.SendAsync(both, 9);
        await GatewayHarness.UntilAsync(() => harness.Grains.Partitions.Openings == 2);
        harness.Time.Advance(TimeSpan.FromSeconds(1));
        var first = await client.ReceiveAsync(ApiKey.Produce, 9);
        gate.SetResult();
        var second = await harness.PublishUntilAsync(client.ReceiveAsync(ApiKey.Produce, 9));

        Assert.Equal(ErrorCode.NotLeaderOrFollower, ((ProduceResponse)first.Body).Only().ErrorCode);
        Assert.Equal([ErrorCode.NotLeaderOrFollower, ErrorCode.None], ((ProduceResponse)second.Body).Topics[0].Partitions.Select(static partition => partition.ErrorCode));
        Assert.Equal(0, (await client.AskAsync<ProduceResponse>(Produce("impatient", timeoutMs: 1_000), 9)).Only().BaseOffset);
        Assert.Equal(1, (await client.AskAsync<ProduceResponse>(Produce("patient", timeoutMs: 30_000), 9)).Only().BaseOffset);
    }

    [Fact]
    public async Task Another_partition_and_another_connection_are_not_held_up_by_a_refusal()
    {
        await using var harness = new GatewayHarness();
        var topic = harness.AddTopic("orders", 2);
        var client = harness.Connect();
        await client.AskAsync<ProduceResponse>(Produce("opens", 30_000, partition: 1), 9);
        harness.Cluster.Elsewhere.Add(new PartitionId(topic.Id, 0));
        await client.SendAsync(Produce("refused", 30_000), 9);
        await client.SendAsync(Produce("served", 30_000, partition: 1), 9);

        Assert.Equal(ErrorCode.NotLeaderOrFollower, ((ProduceResponse)(await harness.PublishUntilAsync(client.ReceiveAsync(ApiKey.Produce, 9))).Body).Only().ErrorCode);
        Assert.Equal(1, ((ProduceResponse)(await harness.PublishUntilAsync(client.ReceiveAsync(ApiKey.Produce, 9))).Body).Only().BaseOffset);
        harness.Cluster.Elsewhere.Clear();
        Assert.Equal(0, (await harness.Connect().AskAsync<ProduceResponse>(Produce("other", 30_000), 9)).Only().BaseOffset);
    }

    private static ProduceRequest Produce(string value, int timeoutMs, int partition = 0)
    {
        var request = Requests.Produce("orders", partition, new BatchBuilder().Record(value).Build());
        request.TimeoutMs = timeoutMs;
        return request;
    }
}
