using OrleansStream.Abstractions.Partitions;
using OrleansStream.Kafka.Gateway.Fetching;
using OrleansStream.Kafka.Gateway.Tests.Harness;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Records;

namespace OrleansStream.Kafka.Gateway.Tests.Handlers;

public class FetchTests
{
    private const short ByName = 12;
    private const short ById = 18;

    [Theory]
    [InlineData(4)]
    [InlineData(11)]
    [InlineData(12)]
    public async Task Batches_come_back_whole_in_order_with_the_partitions_offsets(short version)
    {
        await using var harness = new GatewayHarness();
        var client = await ProducedAsync(harness, "a", "b", "c");

        var answer = (await client.AskAsync<FetchResponse>(Requests.Fetch("orders", 0), version)).Only();

        Assert.Equal((ErrorCode.None, 3L, 3L), (answer.ErrorCode, answer.HighWatermark, answer.LastStableOffset));
        Assert.Equal([0L, 1L, 2L], BaseOffsets(answer.Records.Bytes()));
        Assert.Null(answer.AbortedTransactions);
    }

    // Pitfall 3: no data is empty, not null; aborted transactions are null for those who did not ask.
    [Fact]
    public async Task Pitfall_3_at_the_end_records_are_empty_and_not_null()
    {
        await using var harness = new GatewayHarness();
        var client = await ProducedAsync(harness, "a");
        var committed = Requests.Fetch("orders", 1);
        committed.IsolationLevel = IsolationLevel.ReadCommitted;

        var plain = (await client.AskAsync<FetchResponse>(Requests.Fetch("orders", 1), ByName)).Only();
        var careful = (await client.AskAsync<FetchResponse>(committed, ByName)).Only();

        Assert.Equal((ErrorCode.None, 1L), (plain.ErrorCode, plain.HighWatermark));
        Assert.NotNull(plain.Records);
        Assert.Equal(0, plain.Records.Length);
        Assert.Null(plain.AbortedTransactions);
        Assert.Empty(careful.AbortedTransactions!);
    }

    // Pitfall 6: the first batch comes whatever its size; later ones only if they fit.
    [Fact]
    public async Task Pitfall_6_the_first_batch_comes_even_if_it_is_larger_than_every_limit()
    {
        await using var harness = new GatewayHarness();
        var client = await ProducedAsync(harness, new string('x', 5_000), "b");
        var request = Requests.Fetch("orders", 0, partitionMaxBytes: 10);
        request.MaxBytes = 1;

        var answer = (await client.AskAsync<FetchResponse>(request, ByName)).Only();

        Assert.Equal([0L], BaseOffsets(answer.Records.Bytes()));
    }

    // Pitfall 6: an offset within a batch is answered with the whole batch.
    [Fact]
    public async Task Pitfall_6_an_offset_within_a_batch_is_answered_with_the_whole_batch()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        var client = harness.Connect();
        await client.AskAsync<ProduceResponse>(Requests.Produce("orders", "a", "b", "c"), 9);

        var answer = (await client.AskAsync<FetchResponse>(Requests.Fetch("orders", 2), ByName)).Only();

        Assert.Equal([0L], BaseOffsets(answer.Records.Bytes()));
    }

    [Fact]
    public async Task The_brokers_own_limit_caps_what_a_client_asks_for()
    {
        await using var harness = new GatewayHarness(options => options.FetchMaxBytes = 1024);
        var client = await ProducedAsync(harness, new string('x', 800), new string('y', 800));

        var answer = (await client.AskAsync<FetchResponse>(Requests.Fetch("orders", 0), ByName)).Only();

        Assert.Equal([0L], BaseOffsets(answer.Records.Bytes()));
    }

    // Pitfall 5: a consumer with nothing to read waits, and is woken by the first bytes.
    [Fact]
    public async Task Pitfall_5_a_fetch_at_the_end_waits_and_is_woken_by_an_append()
    {
        await using var harness = new GatewayHarness();
        var producer = await ProducedAsync(harness, "a");
        var consumer = harness.Connect();
        await consumer.SendAsync(Requests.Fetch("orders", 1, maxWaitMs: 60_000), ByName);
        var answer = consumer.ReceiveAsync(ApiKey.Fetch, ByName);
        await GatewayHarness.UntilAsync(() => harness.Wheel.Count == 1);
        Assert.False(answer.IsCompleted);

        await producer.AskAsync<ProduceResponse>(Requests.Produce("orders", "b"), 9);

        Assert.Equal([1L], BaseOffsets(((FetchResponse)(await answer).Body).Only().Records.Bytes()));
        Assert.Equal(0, harness.Wheel.Count);
    }

    // Pitfall 5: min_bytes is kept, and the patience of the client ends the wait with what there is.
    [Fact]
    public async Task Pitfall_5_a_fetch_waits_for_its_minimum_until_its_time_is_over()
    {
        await using var harness = new GatewayHarness();
        var producer = await ProducedAsync(harness, "a");
        var consumer = harness.Connect();
        await consumer.SendAsync(Requests.Fetch("orders", 0, maxWaitMs: 500, minBytes: 100_000), ByName);
        var answer = consumer.ReceiveAsync(ApiKey.Fetch, ByName);
        await GatewayHarness.UntilAsync(() => harness.Wheel.Count == 1);
        await producer.AskAsync<ProduceResponse>(Requests.Produce("orders", "b"), 9);
        Assert.False(answer.IsCompleted);

        harness.Time.Advance(TimeSpan.FromMilliseconds(520));

        Assert.Equal([0L, 1L], BaseOffsets(((FetchResponse)(await answer).Body).Only().Records.Bytes()));
    }

    [Fact]
    public async Task A_closed_partition_wakes_its_waiters_with_a_code_that_makes_them_look_elsewhere()
    {
        await using var harness = new GatewayHarness();
        var consumer = await ProducedAsync(harness, "a");
        await consumer.SendAsync(Requests.Fetch("orders", 1, maxWaitMs: 60_000), ByName);
        var answer = consumer.ReceiveAsync(ApiKey.Fetch, ByName);
        await GatewayHarness.UntilAsync(() => harness.Wheel.Count == 1);

        harness.Broker.Handles.All.Single().Close(ErrorCode.NotLeaderOrFollower);

        Assert.Equal(ErrorCode.NotLeaderOrFollower, ((FetchResponse)(await answer).Body).Only().ErrorCode);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(2)]
    public async Task Outside_the_log_is_out_of_range_with_no_offsets(long offset)
    {
        await using var harness = new GatewayHarness();
        var client = await ProducedAsync(harness, "a");

        var answer = (await client.AskAsync<FetchResponse>(Requests.Fetch("orders", offset, maxWaitMs: 60_000), ByName)).Only();

        Assert.Equal((ErrorCode.OffsetOutOfRange, -1L, -1L, -1L), (answer.ErrorCode, answer.HighWatermark, answer.LastStableOffset, answer.LogStartOffset));
        Assert.Equal(0, answer.Records!.Length);
    }

    // Pitfalls 8 and 26: by name and by id there are different codes, for the partition alone.
    [Fact]
    public async Task Pitfall_8_unknown_topics_are_told_by_the_code_of_the_way_they_were_named()
    {
        await using var harness = new GatewayHarness();
        var topic = harness.AddTopic("orders");
        var client = harness.Connect();

        var unknownName = await client.AskAsync<FetchResponse>(Requests.Fetch("other", 0), ByName);
        var unknownId = await client.AskAsync<FetchResponse>(Requests.Fetch(new TopicId(Guid.Parse("11111111-2222-4333-8444-555555555555")), (0, 0L)), ById);
        var unknownPartition = await client.AskAsync<FetchResponse>(Requests.Fetch(topic.Id, (0, 0L), (9, 0L)), ById);

        Assert.Equal((ErrorCode.None, ErrorCode.UnknownTopicOrPartition), (unknownName.ErrorCode, unknownName.Only().ErrorCode));
        Assert.Equal((ErrorCode.None, ErrorCode.UnknownTopicId), (unknownId.ErrorCode, unknownId.Only().ErrorCode));
        Assert.Equal([ErrorCode.None, ErrorCode.UnknownTopicOrPartition], unknownPartition.Topics[0].Partitions.Select(partition => partition.ErrorCode));
    }

    // Pitfall 26: a topic that was deleted and created again is another topic for whoever knows its id.
    [Fact]
    public async Task Pitfall_26_after_deletion_and_recreation_the_old_id_is_unknown_and_the_new_log_is_empty()
    {
        await using var harness = new GatewayHarness();
        var client = await ProducedAsync(harness, "a");
        var old = harness.Catalog.Current.Find("orders")!.Id;
        await client.AskAsync<DeleteTopicsResponse>(new DeleteTopicsRequest { TimeoutMs = 1000, TopicNames = ["orders"] }, 5);
        var created = harness.AddTopic("orders");

        Assert.Equal(ErrorCode.UnknownTopicId, (await client.AskAsync<FetchResponse>(Requests.Fetch(old, (0, 0L)), ById)).Only().ErrorCode);
        Assert.Equal(0, (await client.AskAsync<FetchResponse>(Requests.Fetch(created.Id, (0, 0L)), ById)).Only().HighWatermark);
        Assert.NotEqual(old, created.Id);
    }

    // Pitfall 9: the epoch that Metadata names is the one that Fetch takes; older is fenced, newer is unknown.
    [Fact]
    public async Task Pitfall_9_the_epoch_of_metadata_is_accepted_and_every_other_is_not()
    {
        await using var harness = new GatewayHarness();
        var client = await ProducedAsync(harness, "a");
        var told = (await client.AskAsync<MetadataResponse>(Requests.Metadata("orders"), 9)).Topics[0].Partitions[0].LeaderEpoch;

        Assert.Equal(5, told);
        Assert.Equal(ErrorCode.None, await FetchWithAsync(told));
        Assert.Equal(ErrorCode.FencedLeaderEpoch, await FetchWithAsync(told - 1));
        Assert.Equal(ErrorCode.UnknownLeaderEpoch, await FetchWithAsync(told + 1));
        Assert.Equal(ErrorCode.None, await FetchWithAsync(-1));

        async Task<ErrorCode> FetchWithAsync(int epoch)
        {
            var request = Requests.Fetch("orders", 0);
            request.Topics[0].Partitions[0].CurrentLeaderEpoch = epoch;
            return (await client.AskAsync<FetchResponse>(request, ByName)).Only().ErrorCode;
        }
    }

    // Pitfall 7: whatever happens inside, Java hears only what it understands.
    [Fact]
    public void Pitfall_7_only_codes_that_clients_expect_are_told()
    {
        short[] allowed = [-1, 0, 1, 2, 3, 6, 9, 29, 56, 74, 75, 78, 100, 103];
        foreach (var error in Enum.GetValues<ErrorCode>())
        {
            Assert.Contains((short)FetchErrors.ToTell(error, ById), allowed);
            Assert.NotEqual(error == ErrorCode.None, FetchErrors.ToTell(error, ById) != ErrorCode.None);
        }

        Assert.Equal(ErrorCode.NotLeaderOrFollower, FetchErrors.ToTell(ErrorCode.KafkaStorageError, 5));
        Assert.Equal(ErrorCode.KafkaStorageError, FetchErrors.ToTell(ErrorCode.KafkaStorageError, 6));
    }

    [Fact]
    public async Task A_partition_that_opens_too_slowly_is_not_here_yet()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        harness.Grains.Partitions.Answer = new OpenResult(ErrorCode.RequestTimedOut, LeaderEpoch.None, null);
        var client = harness.Connect();

        Assert.Equal(ErrorCode.NotLeaderOrFollower, (await client.AskAsync<FetchResponse>(Requests.Fetch("orders", 0), ByName)).Only().ErrorCode);
    }

    // Pitfall 10.
    [Fact]
    public async Task Pitfall_10_the_wrong_broker_names_the_right_one()
    {
        await using var harness = new GatewayHarness();
        var topic = harness.AddTopic("orders");
        harness.Cluster.Elsewhere.Add(new PartitionId(topic.Id, 0));
        var client = harness.Connect();

        var answer = await client.AskAsync<FetchResponse>(Requests.Fetch(topic.Id, (0, 0L)), 16);

        Assert.Equal((ErrorCode.NotLeaderOrFollower, 7), (answer.Only().ErrorCode, answer.Only().CurrentLeader!.LeaderId));
        Assert.Equal(("plain-7", 9007), (answer.NodeEndpoints.Single().Host, answer.NodeEndpoints.Single().Port));
    }

    [Fact]
    public async Task At_the_bound_of_answers_a_fetch_waits_for_those_before_it()
    {
        await using var harness = new GatewayHarness(options => options.ResponseBytes = 1024 * 1024);
        var client = await ProducedAsync(harness, "a");
        await harness.Responses.TakeAsync(harness.Responses.Capacity, TestContext.Current.CancellationToken);
        await client.SendAsync(Requests.Fetch("orders", 0), ByName);
        var answer = client.ReceiveAsync(ApiKey.Fetch, ByName);
        await GatewayHarness.UntilAsync(() => harness.Responses.Waiting == 1);
        Assert.False(answer.IsCompleted);

        harness.Responses.Return(harness.Responses.Capacity);

        Assert.Equal([0L], BaseOffsets(((FetchResponse)(await answer).Body).Only().Records.Bytes()));
    }

    internal static List<long> BaseOffsets(byte[] records)
    {
        var offsets = new List<long>();
        for (var at = 0; at < records.Length;)
        {
            offsets.Add(System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(records.AsSpan(at)));
            at += 12 + System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(records.AsSpan(at + 8));
        }

        return offsets;
    }

    // Each value is a batch of its own.
    private static async Task<TestClient> ProducedAsync(GatewayHarness harness, params string[] values)
    {
        harness.AddTopic("orders");
        var client = harness.Connect();
        foreach (var value in values)
        {
            await client.AskAsync<ProduceResponse>(Requests.Produce("orders", value), 9);
        }

        return client;
    }
}
