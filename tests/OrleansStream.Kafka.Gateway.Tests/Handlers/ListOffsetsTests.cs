using OrleansStream.Kafka.Gateway.Tests.Harness;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Log.Storage;
using OrleansStream.Testing.Records;

namespace OrleansStream.Kafka.Gateway.Tests.Handlers;

public class ListOffsetsTests
{
    private const long Start = BatchBuilder.DefaultTimestamp;

    // No other timer of the gateway is as long.
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1_234);

    // Pitfall 21: no match is -1 without an error; the largest timestamp is found where clocks went backwards.
    [Theory]
    [InlineData(-1, 3, -1)]
    [InlineData(-2, 0, -1)]
    [InlineData(-3, 1, Start + 50)]
    [InlineData(-4, 0, -1)]
    [InlineData(-5, -1, -1)]
    [InlineData(0, 0, Start + 10)]
    [InlineData(Start + 20, 1, Start + 50)]
    [InlineData(Start + 51, -1, -1)]
    public async Task Pitfall_21_offsets_are_found_by_time_and_by_name(long timestamp, long offset, long found)
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        var client = harness.Connect();
        foreach (var delta in new[] { 10, 50, 30 })
        {
            await client.AskAsync<ProduceResponse>(Requests.Produce("orders", 0, new BatchBuilder().At(Start + delta).Record("a").Build()), 9);
        }

        var answer = (await client.AskAsync<ListOffsetsResponse>(Requests.ListOffsets("orders", timestamp), 9)).Only();

        Assert.Equal((ErrorCode.None, offset, found), (answer.ErrorCode, answer.Offset, answer.Timestamp));
    }

    [Theory]
    [InlineData(-3, 6)]
    [InlineData(-4, 7)]
    [InlineData(-5, 8)]
    [InlineData(-6, 10)]
    [InlineData(-99, 10)]
    public async Task A_named_place_that_the_version_does_not_know_is_refused(long timestamp, short version)
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");

        var answer = (await harness.Connect().AskAsync<ListOffsetsResponse>(Requests.ListOffsets("orders", timestamp), version)).Only();

        Assert.Equal((ErrorCode.UnsupportedVersion, -1L), (answer.ErrorCode, answer.Offset));
    }

    // Rule W2: another broker may have appended meanwhile, and a consumer must not see the end of the log go back.
    [Theory]
    [InlineData(-1)]
    [InlineData(-2)]
    [InlineData(-3)]
    [InlineData(Start)]
    public async Task A_broker_that_stood_still_tells_no_offset_before_it_knows_that_its_session_goes_on(long timestamp)
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        var client = harness.Connect();
        await client.AskAsync<ProduceResponse>(Requests.Produce("orders", "a", "b"), 9);
        var epochs = new OffsetForLeaderEpochRequest { Topics = [new() { Name = "orders", Partitions = [new() { Index = 0, LeaderEpoch = 5, CurrentLeaderEpoch = -1 }] }] };
        var deletion = new DeleteRecordsRequest { TimeoutMs = 1_000, Topics = [new() { Name = "orders", Partitions = [new() { Index = 0, Offset = 3 }] }] };

        harness.Broker.IsStalled = true;

        var answer = (await client.AskAsync<ListOffsetsResponse>(Requests.ListOffsets("orders", timestamp), 9)).Only();
        Assert.Equal((ErrorCode.NotLeaderOrFollower, -1L), (answer.ErrorCode, answer.Offset));
        Assert.Equal(ErrorCode.NotLeaderOrFollower, (await client.AskAsync<OffsetForLeaderEpochResponse>(epochs, 4)).Topics[0].Partitions[0].ErrorCode);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, (await client.AskAsync<DeleteRecordsResponse>(deletion, 2)).Topics[0].Partitions[0].ErrorCode);

        harness.Broker.IsStalled = false;
        Assert.Equal(ErrorCode.None, (await client.AskAsync<ListOffsetsResponse>(Requests.ListOffsets("orders", timestamp), 9)).Only().ErrorCode);
        Assert.Equal(2, (await client.AskAsync<OffsetForLeaderEpochResponse>(epochs, 4)).Topics[0].Partitions[0].EndOffset);
        Assert.Equal(ErrorCode.OffsetOutOfRange, (await client.AskAsync<DeleteRecordsResponse>(deletion, 2)).Topics[0].Partitions[0].ErrorCode);
    }

    // Each opening may take as long as a claim does; together they take as long as one.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task All_partitions_of_a_request_open_beside_one_another(bool byTime)
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders", partitions: 20);
        var gate = new TaskCompletionSource();
        harness.Grains.Partitions.Gate = gate.Task;
        var client = harness.Connect();
        var partitions = Enumerable.Range(0, 20).ToList();
        await (byTime
            ? client.SendAsync(new ListOffsetsRequest { ReplicaId = -1, Topics = [new() { Name = "orders", Partitions = partitions.ConvertAll(static index => new ListOffsetsRequest.Partition { Index = index, Timestamp = -1 }) }] }, 4)
            : client.SendAsync(new OffsetForLeaderEpochRequest { Topics = [new() { Name = "orders", Partitions = partitions.ConvertAll(static index => new OffsetForLeaderEpochRequest.Partition { Index = index }) }] }, 3));

        await GatewayHarness.UntilAsync(() => harness.Grains.Partitions.Openings == 20).WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        gate.SetResult();

        Assert.NotNull(await client.ReceiveRawAsync());
        Assert.Equal(20, harness.Grains.Partitions.MostOpening);
    }

    [Theory(Timeout = 30_000)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Partitions_that_do_not_open_soon_cost_a_question_for_offsets_one_wait(bool byTime)
    {
        await using var harness = new GatewayHarness(static options => options.MaxOpeningWait = Moment);
        harness.AddTopic("orders", partitions: 3);
        var gate = new TaskCompletionSource();
        harness.Grains.Partitions.Gate = gate.Task;
        var client = harness.Connect();
        List<int> partitions = [0, 1, 2];
        await (byTime
            ? client.SendAsync(new ListOffsetsRequest { ReplicaId = -1, Topics = [new() { Name = "orders", Partitions = partitions.ConvertAll(static index => new ListOffsetsRequest.Partition { Index = index, Timestamp = -1 }) }] }, 4)
            : client.SendAsync(new OffsetForLeaderEpochRequest { Topics = [new() { Name = "orders", Partitions = partitions.ConvertAll(static index => new OffsetForLeaderEpochRequest.Partition { Index = index }) }] }, 3));

        // Three that were begun ahead, and the first that is waited for.
        await GatewayHarness.UntilAsync(() => harness.Clock.Timers.Count(static due => due == Moment) == 4).WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        harness.Time.Advance(Moment);

        var answered = await client.ReceiveAsync(byTime ? ApiKey.ListOffsets : ApiKey.OffsetForLeaderEpoch, (short)(byTime ? 4 : 3));
        Assert.All(
            answered.Body is ListOffsetsResponse offsets ? offsets.Topics[0].Partitions.Select(static one => one.ErrorCode) : ((OffsetForLeaderEpochResponse)answered.Body).Topics[0].Partitions.Select(static one => one.ErrorCode),
            static error => Assert.Equal(ErrorCode.NotLeaderOrFollower, error));
        gate.SetResult();
    }

    [Fact]
    public async Task An_empty_log_has_no_largest_timestamp_and_that_is_no_error()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");

        var answer = (await harness.Connect().AskAsync<ListOffsetsResponse>(Requests.ListOffsets("orders", -3), 7)).Only();

        Assert.Equal((ErrorCode.None, -1L, -1L), (answer.ErrorCode, answer.Offset, answer.Timestamp));
    }

    [Fact]
    public async Task Unknown_repeated_and_fenced_partitions_have_their_codes()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        var client = harness.Connect();
        var twice = Requests.ListOffsets("orders", -1);
        twice.Topics[0].Partitions.Add(new() { Index = 0, Timestamp = -1 });
        twice.Topics.Add(new() { Name = "orders", Partitions = [new() { Index = 0, Timestamp = -2 }] });

        // As Kafka: that it is unknown too is not said.
        var unknown = Requests.ListOffsets("other", -1);
        unknown.Topics[0].Partitions.Add(new() { Index = 0, Timestamp = -1 });
        var fenced = Requests.ListOffsets("orders", -1);
        fenced.Topics[0].Partitions[0].CurrentLeaderEpoch = 1;

        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await client.AskAsync<ListOffsetsResponse>(Requests.ListOffsets("other", -1), 9)).Only().ErrorCode);
        Assert.Equal(ErrorCode.InvalidRequest, (await client.AskAsync<ListOffsetsResponse>(twice, 9)).Only().ErrorCode);
        Assert.Equal(ErrorCode.InvalidRequest, (await client.AskAsync<ListOffsetsResponse>(unknown, 9)).Only().ErrorCode);
        Assert.Equal(ErrorCode.FencedLeaderEpoch, (await client.AskAsync<ListOffsetsResponse>(fenced, 9)).Only().ErrorCode);
    }

    [Fact]
    public async Task Version_one_knows_no_epoch_and_is_answered_all_the_same()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");

        Assert.Equal(0, (await harness.Connect().AskAsync<ListOffsetsResponse>(Requests.ListOffsets("orders", -1), 1)).Only().Offset);
    }

    // Pitfall 9: what a consumer asks after an epoch change is answered with the end of that epoch, never below what it has read.
    [Fact]
    public async Task Pitfall_9_the_end_of_the_current_epoch_is_the_end_of_the_log()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        var client = harness.Connect();
        await client.AskAsync<ProduceResponse>(Requests.Produce("orders", "a", "b"), 9);
        var request = new OffsetForLeaderEpochRequest { Topics = [new() { Name = "orders", Partitions = [new() { Index = 0, CurrentLeaderEpoch = 5, LeaderEpoch = 5 }] }] };

        var answer = (await client.AskAsync<OffsetForLeaderEpochResponse>(request, 4)).Topics[0].Partitions[0];
        request.Topics[0].Partitions[0].CurrentLeaderEpoch = 6;
        var newer = (await client.AskAsync<OffsetForLeaderEpochResponse>(request, 4)).Topics[0].Partitions[0];

        Assert.Equal((ErrorCode.None, 5, 2L), (answer.ErrorCode, answer.LeaderEpoch, answer.EndOffset));
        Assert.Equal(ErrorCode.UnknownLeaderEpoch, newer.ErrorCode);
    }

    // Records go at once: fetches below are out of range, and the earliest offset follows.
    [Fact]
    public async Task Deleted_records_are_gone_for_everybody_at_once()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        var client = harness.Connect();
        for (var batch = 0; batch < 3; batch++)
        {
            await client.AskAsync<ProduceResponse>(Requests.Produce("orders", "a"), 9);
        }

        Assert.Equal((ErrorCode.None, 2L), await DeleteAsync(2));
        Assert.Equal(2, (await client.AskAsync<ListOffsetsResponse>(Requests.ListOffsets("orders", -2), 7)).Only().Offset);
        Assert.Equal(ErrorCode.OffsetOutOfRange, (await client.AskAsync<FetchResponse>(Requests.Fetch("orders", 1), 12)).Only().ErrorCode);
        Assert.Equal((ErrorCode.OffsetOutOfRange, -1L), await DeleteAsync(4));
        Assert.Equal((ErrorCode.OffsetOutOfRange, -1L), await DeleteAsync(-2));
        Assert.Equal((ErrorCode.None, 3L), await DeleteAsync(-1));

        // The manifest may say so already: nobody is to hear that it was refused.
        harness.Grains.Partitions.DeletionFailure = new OutcomeUnknownException("m/1", "Write", "no answer came");
        Assert.Equal((ErrorCode.RequestTimedOut, -1L), await DeleteAsync(3));

        async Task<(ErrorCode, long)> DeleteAsync(long offset)
        {
            var request = new DeleteRecordsRequest { TimeoutMs = 1000, Topics = [new() { Name = "orders", Partitions = [new() { Index = 0, Offset = offset }] }] };
            var answer = (await client.AskAsync<DeleteRecordsResponse>(request, 2)).Topics[0].Partitions[0];
            return (answer.ErrorCode, answer.LowWatermark);
        }
    }
}
