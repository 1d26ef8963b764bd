using OrleansStream.Abstractions.Partitions;
using OrleansStream.Kafka.Gateway.Tests.Harness;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Model;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;
using OrleansStream.Testing.Records;

namespace OrleansStream.Kafka.Gateway.Tests.Handlers;

public class ProduceTests
{
    // No other timer of the gateway is as long.
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1_234);

    [Theory]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(12)]
    public async Task A_batch_is_answered_with_its_offset_once_it_is_durable(short version)
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        var client = harness.Connect();
        await client.SendAsync(Requests.Produce("orders", "a", "b"), version);
        var answer = client.ReceiveAsync(ApiKey.Produce, version);
        await GatewayHarness.UntilAsync(() => harness.Broker.Handles.Count == 1);

        Assert.False(answer.IsCompleted);
        var first = ((ProduceResponse)(await harness.PublishUntilAsync(answer)).Body).Only();
        var second = (await client.AskAsync<ProduceResponse>(Requests.Produce("orders", "c"), version)).Only();

        Assert.Equal((ErrorCode.None, 0L, -1L), (first.ErrorCode, first.BaseOffset, first.LogAppendTimeMs));
        Assert.Equal((ErrorCode.None, 2L), (second.ErrorCode, second.BaseOffset));
    }

    // Pitfall 4: a producer's batches keep their order though their requests overlap, and so do the answers.
    [Fact]
    public async Task Pitfall_4_overlapping_requests_of_a_connection_append_and_answer_in_order()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders", partitions: 3);
        var client = harness.Connect();
        var random = new Random(41);
        var next = new long[3];
        var expected = new List<(int Correlation, long Offset)>();
        for (var request = 0; request < 200; request++)
        {
            var partition = random.Next(3);
            var records = random.Next(1, 4);
            expected.Add((await client.SendAsync(Requests.Produce("orders", partition, new BatchBuilder().Records(records).Build()), 9), next[partition]));
            next[partition] += records;
            if (random.Next(10) == 0)
            {
                harness.Broker.Lane.Publish();
            }
        }

        foreach (var (correlation, offset) in expected)
        {
            var answer = await harness.PublishUntilAsync(client.ReceiveAsync(ApiKey.Produce, 9));
            Assert.Equal(correlation, answer.CorrelationId);
            Assert.Equal(offset, ((ProduceResponse)answer.Body).Only().BaseOffset);
        }
    }

    [Fact]
    public async Task Whatever_is_not_a_produce_waits_for_the_produces_before_it()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        var client = harness.Connect();
        var produce = await client.SendAsync(Requests.Produce("orders", "a"), 9);
        await client.SendAsync(Requests.ListOffsets("orders", timestamp: -1), 7);

        Assert.Equal(produce, (await harness.PublishUntilAsync(client.ReceiveAsync(ApiKey.Produce, 9))).CorrelationId);
        var end = (ListOffsetsResponse)(await harness.PublishUntilAsync(client.ReceiveAsync(ApiKey.ListOffsets, 7))).Body;

        Assert.Equal(1, end.Only().Offset);
    }

    // Pitfall 8: a bad partition is its own affair.
    [Fact]
    public async Task Pitfall_8_one_bad_partition_does_not_fail_the_others()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders", partitions: 2);
        var client = harness.Connect();
        var request = Requests.Produce("orders", "a");
        var damaged = new BatchBuilder().Record("b").Build();
        damaged[^1] ^= 1;
        request.Topics[0].Partitions.Add(new() { Index = 1, Records = damaged });
        request.Topics[0].Partitions.Add(new() { Index = 2, Records = new BatchBuilder().Record("c").Build() });
        request.Topics.Add(new() { Name = "unknown", Partitions = [new() { Index = 0, Records = new BatchBuilder().Record("d").Build() }] });

        var answer = await client.AskAsync<ProduceResponse>(request, 9);

        Assert.Equal(
            [ErrorCode.None, ErrorCode.CorruptMessage, ErrorCode.UnknownTopicOrPartition],
            answer.Topics[0].Partitions.Select(partition => partition.ErrorCode));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, answer.Topics[1].Partitions[0].ErrorCode);
        Assert.Equal(-1, answer.Topics[1].Partitions[0].BaseOffset);
    }

    // Pitfall 27: the limit is on the batch as sent, and is answered, not punished with a closed connection.
    [Fact]
    public async Task Pitfall_27_a_batch_above_the_limit_is_told_so_and_the_connection_lives_on()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        var client = harness.Connect();

        var large = await client.AskAsync<ProduceResponse>(Requests.Produce("orders", 0, new BatchBuilder().Record(new string('x', 1_048_588)).Build()), 9);
        var small = await client.AskAsync<ProduceResponse>(Requests.Produce("orders", "a"), 9);

        Assert.Equal(ErrorCode.MessageTooLarge, large.Only().ErrorCode);
        Assert.Equal(ErrorCode.None, small.Only().ErrorCode);
    }

    // Pitfalls 19 and 20: what comes back is what was sent; base offset and leader epoch alone differ, and both are outside the checksum.
    [Fact]
    public async Task Pitfall_19_stored_batches_are_the_bytes_that_were_sent_but_for_base_offset_and_epoch()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        var client = harness.Connect();
        await client.AskAsync<ProduceResponse>(Requests.Produce("orders", "first"), 9);
        var sent = new BatchBuilder().Record("k", "v", ("h", "1")).Records(3).Build();
        await client.AskAsync<ProduceResponse>(Requests.Produce("orders", 0, sent), 9);

        var stored = (await client.AskAsync<FetchResponse>(Requests.Fetch("orders", 1), 12)).Only().Records.Bytes();

        Assert.Equal([0, 0, 0, 0, 0, 0, 0, 1], stored[..8]);
        Assert.Equal(sent[8..12], stored[8..12]);
        Assert.Equal([0, 0, 0, 5], stored[12..16]);
        Assert.Equal(sent[16..], stored[16..]);
    }

    // Pitfall 12: a retry is answered with the offset of the first try.
    [Fact]
    public async Task Pitfall_12_a_repeated_idempotent_batch_is_a_success_with_its_old_offset()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        var client = harness.Connect();
        var batch = BatchBuilder.OfProducer(7, 0, 0).Record("a").Build();
        await client.AskAsync<ProduceResponse>(Requests.Produce("orders", "other"), 9);

        var first = (await client.AskAsync<ProduceResponse>(Requests.Produce("orders", 0, batch), 9)).Only();
        var again = (await client.AskAsync<ProduceResponse>(Requests.Produce("orders", 0, batch), 9)).Only();
        var gap = (await client.AskAsync<ProduceResponse>(Requests.Produce("orders", 0, BatchBuilder.OfProducer(7, 0, 5).Record("a").Build()), 9)).Only();

        Assert.Equal((ErrorCode.None, 1L), (first.ErrorCode, first.BaseOffset));
        Assert.Equal((ErrorCode.None, 1L, -1L), (first.ErrorCode, first.BaseOffset, first.LogAppendTimeMs));
        Assert.Equal((ErrorCode.None, 1L, BatchBuilder.DefaultTimestamp), (again.ErrorCode, again.BaseOffset, again.LogAppendTimeMs));
        Assert.Equal((ErrorCode.OutOfOrderSequenceNumber, 0L), (gap.ErrorCode, gap.LogStartOffset));
    }

    [Fact]
    public async Task A_refusal_that_the_log_has_a_say_in_tells_where_the_log_starts()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        var client = harness.Connect();
        await client.AskAsync<ProduceResponse>(Requests.Produce("orders", "a", "b"), 9);
        await client.AskAsync<DeleteRecordsResponse>(new DeleteRecordsRequest { TimeoutMs = 1000, Topics = [new() { Name = "orders", Partitions = [new() { Index = 0, Offset = 1 }] }] }, 2);

        Assert.Equal((ErrorCode.InvalidRecord, 1L), await SendAsync(new BatchBuilder().Control().Record("a").Build()));
        Assert.Equal((ErrorCode.CorruptMessage, -1L), await SendAsync([.. new BatchBuilder().Record("a").Build()[..^1], 0xff]));

        async Task<(ErrorCode, long)> SendAsync(byte[] batch)
        {
            var answer = (await client.AskAsync<ProduceResponse>(Requests.Produce("orders", 0, batch), 9)).Only();
            return (answer.ErrorCode, answer.LogStartOffset);
        }
    }

    [Theory]
    [InlineData(2, false)]
    [InlineData(-2, false)]
    [InlineData(1, true)]
    [InlineData(-1, true)]
    public async Task Acks_other_than_none_one_and_all_are_refused(short acks, bool accepted)
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        var client = harness.Connect();

        var answer = await client.AskAsync<ProduceResponse>(Requests.Produce("orders", 0, new BatchBuilder().Record("a").Build(), acks), 9);

        Assert.Equal(accepted ? ErrorCode.None : ErrorCode.InvalidRequiredAcks, answer.Only().ErrorCode);
    }

    [Fact]
    public async Task Without_acks_there_is_no_answer_and_the_next_request_has_the_next_one()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        var client = harness.Connect();
        await client.SendAsync(Requests.Produce("orders", 0, new BatchBuilder().Record("a").Build(), acks: 0), 9);

        var answer = await client.AskAsync<ProduceResponse>(Requests.Produce("orders", "b"), 9);

        Assert.Equal(1, answer.Only().BaseOffset);
    }

    [Fact]
    public async Task A_failed_request_without_acks_closes_the_connection_behind_the_answers_before_it()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        var client = harness.Connect();
        await client.SendAsync(Requests.Produce("orders", "a"), 9);
        await client.SendAsync(Requests.Produce("unknown", 0, new BatchBuilder().Record("b").Build(), acks: 0), 9);

        Assert.Equal(0, ((ProduceResponse)(await harness.PublishUntilAsync(client.ReceiveAsync(ApiKey.Produce, 9))).Body).Only().BaseOffset);
        Assert.True(await client.IsClosedAsync());
    }

    [Fact]
    public async Task Transactional_requests_and_batches_are_refused_whole()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        var client = harness.Connect();
        var named = Requests.Produce("orders", "a");
        named.TransactionalId = "t";
        var mixed = Requests.Produce("orders", "a");
        mixed.Topics[0].Partitions.Add(new() { Index = 0, Records = BatchBuilder.OfProducer(1, 0, 0).Transactional().Record("b").Build() });

        Assert.Equal(ErrorCode.TransactionalIdAuthorizationFailed, (await client.AskAsync<ProduceResponse>(named, 9)).Only().ErrorCode);
        var answer = await client.AskAsync<ProduceResponse>(mixed, 9);
        Assert.All(answer.Topics[0].Partitions, partition => Assert.Equal(ErrorCode.TransactionalIdAuthorizationFailed, partition.ErrorCode));
    }

    // With the code for transactions clients give up; what was damaged on its way most send again.
    [Theory]
    [InlineData(RecordBatchLayout.Magic, 3, ErrorCode.CorruptMessage)]
    [InlineData(RecordBatchLayout.BatchLength, 0xFF, ErrorCode.CorruptMessage)]
    [InlineData(RecordBatchLayout.BatchLength, 0x7F, ErrorCode.InvalidRecord)]
    public async Task Garbage_in_which_the_transactional_bit_is_set_is_refused_as_garbage(int at, byte value, ErrorCode error)
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        var batch = BatchBuilder.OfProducer(1, 0, 0).Transactional().Record("a").Build();
        batch[at] = value;

        Assert.Equal(error, (await harness.Connect().AskAsync<ProduceResponse>(Requests.Produce("orders", 0, batch), 9)).Only().ErrorCode);
    }

    [Fact]
    public async Task Null_records_close_the_connection()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        var client = harness.Connect();
        var request = Requests.Produce("orders", "a");
        request.Topics[0].Partitions[0].Records = null;

        await client.SendAsync(request, 9);

        Assert.True(await client.IsClosedAsync());
    }

    // Pitfall 10: whoever asks the wrong broker is told the right one, on the listener that it came in on.
    [Fact]
    public async Task Pitfall_10_the_wrong_broker_names_the_right_one_on_the_listener_of_the_request()
    {
        await using var harness = new GatewayHarness();
        var topic = harness.AddTopic("orders");
        harness.Cluster.Elsewhere.Add(new PartitionId(topic.Id, 0));
        var client = harness.Connect(listener: "INNER");

        var answer = await client.AskAsync<ProduceResponse>(Requests.Produce("orders", "a"), 10);
        var old = await client.AskAsync<ProduceResponse>(Requests.Produce("orders", "a"), 9);

        Assert.Equal((ErrorCode.NotLeaderOrFollower, 7), (answer.Only().ErrorCode, answer.Only().CurrentLeader!.LeaderId));
        var endpoint = Assert.Single(answer.NodeEndpoints);
        Assert.Equal((7, "inner-7", 9107, "rack-7"), (endpoint.NodeId, endpoint.Host, endpoint.Port, endpoint.Rack));
        Assert.Equal(ErrorCode.NotLeaderOrFollower, old.Only().ErrorCode);
        Assert.Empty(harness.Grains.Asked);
    }

    // A code that means "not stored" would have a plain producer's batch in the log twice: its client sends it again without being asked.
    [Fact]
    public async Task Pitfall_31_a_batch_that_may_be_stored_is_in_doubt_and_whoever_sends_it_again_is_told_who_leads()
    {
        await using var harness = new GatewayHarness();
        var topic = harness.AddTopic("orders");
        var client = harness.Connect();
        await client.SendAsync(Requests.Produce("orders", "a"), 10);
        await GatewayHarness.UntilAsync(() => harness.Broker.Lane.Lane.BlocksInFlight > 0);
        harness.Broker.Lane.AbortInWrite();
        harness.Broker.Restart();
        harness.Cluster.Elsewhere.Add(new PartitionId(topic.Id, 0));

        var inDoubt = ((ProduceResponse)(await client.ReceiveAsync(ApiKey.Produce, 10)).Body).Only();
        var again = (await harness.Connect().AskAsync<ProduceResponse>(Requests.Produce("orders", "a"), 10)).Only();

        Assert.Equal((ErrorCode.RequestTimedOut, -1), (inDoubt.ErrorCode, inDoubt.BaseOffset));
        Assert.Contains("whether the batch stands", inDoubt.ErrorMessage, StringComparison.Ordinal);
        Assert.Equal((ErrorCode.NotLeaderOrFollower, 7), (again.ErrorCode, again.CurrentLeader!.LeaderId));
    }

    [Fact]
    public async Task A_partition_is_opened_once_however_many_ask_and_a_bounded_number_at_a_time()
    {
        await using var harness = new GatewayHarness(options => options.MaxOpening = 2);
        harness.AddTopic("orders", partitions: 5);
        var gate = new TaskCompletionSource();
        harness.Grains.Partitions.Gate = gate.Task;
        var clients = Enumerable.Range(0, 10).Select(_ => harness.Connect()).ToList();
        foreach (var (client, index) in clients.Select((client, index) => (client, index)))
        {
            await client.SendAsync(Requests.Produce("orders", index % 5, new BatchBuilder().Record("a").Build()), 9);
        }

        await GatewayHarness.UntilAsync(() => harness.Grains.Partitions.Openings == 2);
        gate.SetResult();
        foreach (var client in clients)
        {
            var answer = (ProduceResponse)(await harness.PublishUntilAsync(client.ReceiveAsync(ApiKey.Produce, 9))).Body;
            Assert.Equal(ErrorCode.None, answer.Only().ErrorCode);
        }

        Assert.Equal(5, harness.Grains.Partitions.Openings);
        Assert.Equal(2, harness.Grains.Partitions.MostOpening);
    }

    [Fact]
    public async Task Who_finds_a_partition_closed_and_comes_after_its_opening_has_ended_does_not_open_it_again()
    {
        await using var harness = new GatewayHarness();
        var partition = new PartitionId(harness.AddTopic("orders").Id, 0);
        harness.Cluster.OnOwnerAsked = () =>
        {
            harness.Cluster.OnOwnerAsked = static () => { };
            Assert.True(((ILocalPartitions)harness.Grains.Partitions).OpenAsync(partition, CancellationToken.None).AsTask().IsCompletedSuccessfully);
        };

        var answer = await harness.Connect().AskAsync<ProduceResponse>(Requests.Produce("orders", "a"), 9);

        Assert.Equal(0, answer.Only().BaseOffset);
        Assert.Equal(1, harness.Grains.Partitions.Openings);
    }

    [Fact]
    public async Task A_request_tries_each_of_its_partitions_once_however_often_it_names_them_and_however_long_that_takes()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders", partitions: 3);
        var gate = new TaskCompletionSource();
        harness.Grains.Partitions.Gate = gate.Task;
        harness.Grains.Partitions.Answer = new OpenResult(ErrorCode.LeaderNotAvailable, LeaderEpoch.None, null);
        var request = Requests.Produce("orders", "a");
        var batch = request.Topics[0].Partitions[0].Records;
        request.Topics[0].Partitions = [.. Enumerable.Range(0, 3_000).Select(number => new ProduceRequest.Partition { Index = number % 3, Records = batch })];
        var client = harness.Connect();
        await client.SendAsync(request, 9);
        await GatewayHarness.UntilAsync(() => harness.Grains.Partitions.Openings == 3);
        gate.SetResult();
        var answer = (ProduceResponse)(await client.ReceiveAsync(ApiKey.Produce, 9)).Body;

        Assert.All(answer.Topics[0].Partitions, static partition => Assert.Equal(ErrorCode.NotLeaderOrFollower, partition.ErrorCode));
        Assert.Equal(3, harness.Grains.Partitions.Openings);
    }

    [Fact]
    public async Task Requests_behind_one_that_waits_for_its_partition_open_theirs_meanwhile_and_begin_in_order()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders", partitions: 3);
        var gate = new TaskCompletionSource();
        harness.Grains.Partitions.Gate = gate.Task;
        var client = harness.Connect();
        var expected = new List<(int Correlation, long Offset)>();
        for (var request = 0; request < 9; request++)
        {
            expected.Add((await client.SendAsync(Requests.Produce("orders", request % 3, new BatchBuilder().Records(2).Build()), 9), request / 3 * 2));
        }

        await GatewayHarness.UntilAsync(() => harness.Grains.Partitions.Openings == 3);
        gate.SetResult();
        foreach (var (correlation, offset) in expected)
        {
            var answer = await harness.PublishUntilAsync(client.ReceiveAsync(ApiKey.Produce, 9));
            Assert.Equal(correlation, answer.CorrelationId);
            Assert.Equal(offset, ((ProduceResponse)answer.Body).Only().BaseOffset);
        }

        Assert.Equal(3, harness.Grains.Partitions.MostOpening);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_partition_that_is_being_opened_holds_up_its_connection_for_a_moment_and_no_more_when_its_client_comes_again()
    {
        await using var harness = new GatewayHarness(static options => options.MaxOpeningWait = Moment);
        harness.AddTopic("orders", partitions: 2);
        var client = harness.Connect();
        await client.AskAsync<ProduceResponse>(Of(partition: 1), 9);
        var gate = new TaskCompletionSource();
        harness.Grains.Partitions.Gate = gate.Task;

        await client.SendAsync(Of(partition: 0), 9);
        await client.SendAsync(Of(partition: 1), 9);
        await GatewayHarness.UntilAsync(() => harness.Clock.Timers.Contains(Moment)).WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        harness.Time.Advance(Moment);
        var refused = (ProduceResponse)(await client.ReceiveAsync(ApiKey.Produce, 9)).Body;
        var behind = (ProduceResponse)(await harness.PublishUntilAsync(client.ReceiveAsync(ApiKey.Produce, 9))).Body;

        // Nobody moves the clock any more.
        var again = await client.AskAsync<ProduceResponse>(Of(partition: 0), 9);
        gate.SetResult();
        var opened = await harness.Connect().AskAsync<ProduceResponse>(Of(partition: 0), 9);

        Assert.Equal(ErrorCode.NotLeaderOrFollower, refused.Only().ErrorCode);
        Assert.Equal((ErrorCode.None, 1), (behind.Only().ErrorCode, behind.Only().BaseOffset));
        Assert.Equal(ErrorCode.NotLeaderOrFollower, again.Only().ErrorCode);
        Assert.Equal(0, opened.Only().BaseOffset);
        Assert.Equal(2, harness.Grains.Partitions.Openings);

        static ProduceRequest Of(int partition) => Requests.Produce("orders", partition, new BatchBuilder().Record("a").Build());
    }

    [Theory]
    [InlineData(20)]
    [InlineData(4_321)]
    public async Task A_client_does_not_wait_for_an_opening_longer_than_its_timeout(int timeoutMs)
    {
        await using var harness = new GatewayHarness(static options => options.MaxOpeningWait = TimeSpan.FromMinutes(1));
        harness.AddTopic("orders");
        var gate = new TaskCompletionSource();
        harness.Grains.Partitions.Gate = gate.Task;
        var client = harness.Connect();
        var request = Requests.Produce("orders", "a");
        request.TimeoutMs = timeoutMs;
        await client.SendAsync(request, 9);
        await GatewayHarness.UntilAsync(() => harness.Clock.Timers.Contains(TimeSpan.FromMilliseconds(timeoutMs)));

        harness.Time.Advance(TimeSpan.FromMilliseconds(timeoutMs));
        var answer = (ProduceResponse)(await client.ReceiveAsync(ApiKey.Produce, 9)).Body;
        gate.SetResult();

        Assert.Equal(ErrorCode.NotLeaderOrFollower, answer.Only().ErrorCode);
    }

    [Fact]
    public async Task What_opening_says_is_what_the_client_hears()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        harness.Grains.Partitions.Answer = new OpenResult(ErrorCode.KafkaStorageError, LeaderEpoch.None, null);
        var client = harness.Connect();

        Assert.Equal(ErrorCode.KafkaStorageError, (await client.AskAsync<ProduceResponse>(Requests.Produce("orders", "a"), 9)).Only().ErrorCode);
    }

    [Fact]
    public async Task A_batch_that_does_not_become_durable_in_time_is_in_doubt_and_its_late_end_is_dropped()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        var client = harness.Connect();
        await client.SendAsync(Requests.Produce("orders", "a"), 9);
        await GatewayHarness.UntilAsync(() => harness.Connections.Count == 1 && harness.Broker.Handles.Count == 1);

        harness.Time.Advance(TimeSpan.FromSeconds(31));
        var late = (ProduceResponse)(await client.ReceiveAsync(ApiKey.Produce, 9)).Body;
        var next = await client.AskAsync<ProduceResponse>(Requests.Produce("orders", "b"), 9);

        Assert.Equal(ErrorCode.RequestTimedOut, late.Only().ErrorCode);
        Assert.Equal(1, next.Only().BaseOffset);
    }

    // A disk that hangs: what has its place is in doubt, what has none is not stored and its client is told so; neither waits longer than it said.
    [Fact]
    public async Task A_batch_for_which_the_lane_has_no_room_is_refused_when_the_clients_time_is_up_and_holds_back_those_behind_it()
    {
        await using var harness = new GatewayHarness(laneBytes: Limits.MiB);
        harness.AddTopic("orders", partitions: 2);
        var (first, second) = (harness.Connect(), harness.Connect());
        await first.SendAsync(Large(partition: 0, timeoutMs: 30_000), 9);
        await GatewayHarness.UntilAsync(() => harness.Broker.Lane.Lane.BlocksInFlight > 0);

        // The second request asks for both partitions; behind it comes one that waits longer.
        var both = Large(partition: 1, timeoutMs: 5_000);
        both.Topics[0].Partitions.Add(Large(partition: 0, timeoutMs: 5_000).Topics[0].Partitions[0]);
        await second.SendAsync(both, 9);
        await second.SendAsync(Requests.Produce("orders", 1, new BatchBuilder().Record("behind").Build()), 9);
        await GatewayHarness.UntilAsync(() => harness.Clock.Timers.Contains(TimeSpan.FromSeconds(5)));
        harness.Time.Advance(TimeSpan.FromSeconds(5));
        var refused = ((ProduceResponse)(await second.ReceiveAsync(ApiKey.Produce, 9)).Body).Topics[0].Partitions;
        var behind = ((ProduceResponse)(await second.ReceiveAsync(ApiKey.Produce, 9)).Body).Only();

        Assert.All(refused, partition => Assert.Equal((ErrorCode.KafkaStorageError, -1), (partition.ErrorCode, partition.BaseOffset)));
        Assert.All(refused, partition => Assert.Contains("no room", partition.ErrorMessage, StringComparison.Ordinal));
        Assert.Equal(ErrorCode.NotLeaderOrFollower, behind.ErrorCode);
        Assert.Equal(0, ((ProduceResponse)(await harness.PublishUntilAsync(first.ReceiveAsync(ApiKey.Produce, 9))).Body).Only().BaseOffset);

        // Room has come.
        harness.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(0, (await second.AskAsync<ProduceResponse>(Large(partition: 1, timeoutMs: 5_000), 9)).Only().BaseOffset);
    }

    private static ProduceRequest Large(int partition, int timeoutMs)
    {
        var request = Requests.Produce("orders", partition, new BatchBuilder().Record(new string('x', 600_000)).Build());
        request.TimeoutMs = timeoutMs;
        return request;
    }

    [Theory]
    [InlineData("__consumer_offsets")]
    [InlineData("__transaction_state")]
    public async Task Kafkas_own_topics_take_no_client_batches(string name)
    {
        await using var harness = new GatewayHarness();
        var client = harness.Connect();

        Assert.Equal(ErrorCode.InvalidTopicException, (await client.AskAsync<ProduceResponse>(Requests.Produce(name, "a"), 9)).Only().ErrorCode);
    }
}
