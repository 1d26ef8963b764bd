using OrleansStream.Kafka.Gateway.Tests.Harness;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Records;

namespace OrleansStream.Kafka.Gateway.Tests.Handlers;

public class FetchSessionTests
{
    private const short Version = 18;

    [Fact]
    public async Task A_session_tells_only_what_changed()
    {
        await using var harness = new GatewayHarness();
        var topic = harness.AddTopic("orders", partitions: 3);
        var client = harness.Connect();
        var first = await FetchAsync(client, 0, 0, topic.Id, (0, 0L), (1, 0L), (2, 0L));
        Assert.NotEqual(0, first.SessionId);
        Assert.Equal(3, first.Topics[0].Partitions.Count);

        var nothing = await FetchAsync(client, first.SessionId, 1);
        await client.AskAsync<ProduceResponse>(Requests.Produce("orders", 1, new BatchBuilder().Record("a").Build()), 9);
        var something = await FetchAsync(client, first.SessionId, 2);

        Assert.Equal((ErrorCode.None, first.SessionId), (nothing.ErrorCode, nothing.SessionId));
        Assert.Empty(nothing.Topics);
        Assert.Equal((1, 1L), (something.Only().Index, something.Only().HighWatermark));
        Assert.Equal([0L], FetchTests.BaseOffsets(something.Only().Records.Bytes()));
    }

    [Fact]
    public async Task Partitions_come_and_go_in_a_session()
    {
        await using var harness = new GatewayHarness();
        var topic = harness.AddTopic("orders", partitions: 3);
        var client = harness.Connect();
        for (var partition = 0; partition < 3; partition++)
        {
            await client.AskAsync<ProduceResponse>(Requests.Produce("orders", partition, new BatchBuilder().Record("a").Build()), 9);
        }

        var session = (await FetchAsync(client, 0, 0, topic.Id, (0, 1L))).SessionId;
        var added = await FetchAsync(client, session, 1, topic.Id, (1, 0L));
        var forgetting = Request(session, 2);
        forgetting.ForgottenTopics = [new() { TopicId = topic.Id, PartitionIndexes = [1] }];
        var forgotten = await client.AskAsync<FetchResponse>(forgetting, Version);

        Assert.Equal(1, added.Only().Index);
        Assert.Empty(forgotten.Topics);
    }

    [Fact]
    public async Task Partitions_of_all_sessions_are_bounded_and_who_finds_no_room_sends_its_whole_list()
    {
        await using var harness = new GatewayHarness(static options => options.MaxFetchSessionPartitions = 3);
        var topic = harness.AddTopic("orders", partitions: 4);
        var first = harness.Connect();
        var session = (await FetchAsync(first, 0, 0, topic.Id, (0, 0L), (1, 0L))).SessionId;
        var second = harness.Connect();

        var refused = await FetchAsync(second, 0, 0, topic.Id, (2, 0L), (3, 0L));
        Assert.Equal((0, ErrorCode.None, 2), (refused.SessionId, refused.ErrorCode, refused.Topics[0].Partitions.Count));
        Assert.Equal((1, 2), (harness.Sessions.Count, harness.Sessions.Partitions));
        Assert.Equal(ErrorCode.None, (await FetchAsync(first, session, 1, topic.Id, (2, 0L))).ErrorCode);
        Assert.Equal(3, harness.Sessions.Partitions);

        // A session that grows beyond the bound ends, and gives back what it had.
        Assert.Equal(ErrorCode.FetchSessionIdNotFound, (await FetchAsync(first, session, 2, topic.Id, (3, 0L))).ErrorCode);
        Assert.Equal((0, 0), (harness.Sessions.Count, harness.Sessions.Partitions));
        Assert.NotEqual(0, (await FetchAsync(second, 0, 0, topic.Id, (2, 0L), (3, 0L))).SessionId);
    }

    // Pitfall 8: what concerns the session is said at the top, without topics.
    [Fact]
    public async Task Pitfall_8_unknown_sessions_and_wrong_epochs_are_top_level_errors()
    {
        await using var harness = new GatewayHarness();
        var topic = harness.AddTopic("orders");
        var client = harness.Connect();
        var session = (await FetchAsync(client, 0, 0, topic.Id, (0, 0L))).SessionId;

        var unknown = await FetchAsync(client, session == 5 ? 6 : 5, 1);
        var skipped = await FetchAsync(client, session, 2);
        var named = Requests.Fetch("orders", 0);
        (named.SessionId, named.SessionEpoch) = (session, 1);
        var byName = await client.AskAsync<FetchResponse>(named, 12);
        var right = await FetchAsync(client, session, 1);

        Assert.Equal((ErrorCode.FetchSessionIdNotFound, 0), (unknown.ErrorCode, unknown.Topics.Count));
        Assert.Equal((ErrorCode.InvalidFetchSessionEpoch, 0), (skipped.ErrorCode, skipped.Topics.Count));
        Assert.Equal((ErrorCode.FetchSessionTopicIdError, 0), (byName.ErrorCode, byName.Topics.Count));
        Assert.Equal(ErrorCode.None, right.ErrorCode);
    }

    [Fact]
    public async Task A_final_fetch_closes_the_session_and_a_new_first_one_replaces_it()
    {
        await using var harness = new GatewayHarness();
        var topic = harness.AddTopic("orders");
        var client = harness.Connect();
        var first = (await FetchAsync(client, 0, 0, topic.Id, (0, 0L))).SessionId;
        var second = (await FetchAsync(client, first, 0, topic.Id, (0, 0L))).SessionId;
        Assert.NotEqual(first, second);
        Assert.Equal(1, harness.Sessions.Count);

        var final = await FetchAsync(client, second, -1, topic.Id, (0, 0L));

        Assert.Equal(0, final.SessionId);
        Assert.Equal(0, harness.Sessions.Count);
    }

    [Fact]
    public async Task An_error_is_told_once_and_what_follows_it_is_told_again()
    {
        await using var harness = new GatewayHarness();
        var topic = harness.AddTopic("orders");
        var client = harness.Connect();
        await client.AskAsync<ProduceResponse>(Requests.Produce("orders", "a"), 9);
        var session = (await FetchAsync(client, 0, 0, topic.Id, (0, 1L))).SessionId;

        var failed = await FetchAsync(client, session, 1, topic.Id, (0, 99L));
        var healed = await FetchAsync(client, session, 2, topic.Id, (0, 1L));
        var quiet = await FetchAsync(client, session, 3);

        Assert.Equal(ErrorCode.OffsetOutOfRange, failed.Only().ErrorCode);
        Assert.Equal((ErrorCode.None, 1L), (healed.Only().ErrorCode, healed.Only().HighWatermark));
        Assert.Empty(quiet.Topics);
    }

    // Fairness: with room for one batch in each answer, every partition has its turn.
    [Fact]
    public async Task Who_gave_data_comes_last_next_time()
    {
        await using var harness = new GatewayHarness();
        var topic = harness.AddTopic("orders", partitions: 3);
        var client = harness.Connect();
        for (var partition = 0; partition < 3; partition++)
        {
            await client.AskAsync<ProduceResponse>(Requests.Produce("orders", partition, new BatchBuilder().Record("a").Build()), 9);
        }

        var served = new List<int>();
        var session = 0;
        for (var epoch = 0; epoch < 3; epoch++)
        {
            var request = epoch == 0 ? Request(session, epoch, topic.Id, (0, 0L), (1, 0L), (2, 0L)) : Request(session, epoch);
            request.MaxBytes = 1;
            var answer = await client.AskAsync<FetchResponse>(request, Version);
            session = answer.SessionId;
            served.Add(answer.Topics.SelectMany(named => named.Partitions).Single(partition => partition.Records!.Length > 0).Index);
        }

        Assert.Equal([0, 1, 2], served);
    }

    [Fact]
    public async Task At_the_bound_there_is_no_session_until_one_has_been_idle()
    {
        await using var harness = new GatewayHarness(options => options.MaxFetchSessions = 2);
        var topic = harness.AddTopic("orders");
        var client = harness.Connect();
        var first = (await FetchAsync(client, 0, 0, topic.Id, (0, 0L))).SessionId;
        var second = (await FetchAsync(client, 0, 0, topic.Id, (0, 0L))).SessionId;

        var refused = await FetchAsync(client, 0, 0, topic.Id, (0, 0L));
        harness.Time.Advance(TimeSpan.FromSeconds(121));
        await FetchAsync(client, second, 1);
        var admitted = await FetchAsync(client, 0, 0, topic.Id, (0, 0L));

        Assert.Equal((ErrorCode.None, 0), (refused.ErrorCode, refused.SessionId));
        Assert.NotEqual(0, admitted.SessionId);
        Assert.Equal(2, harness.Sessions.Count);
        Assert.Equal(ErrorCode.FetchSessionIdNotFound, (await FetchAsync(client, first, 1)).ErrorCode);
        Assert.Equal(ErrorCode.None, (await FetchAsync(client, second, 2)).ErrorCode);
    }

    [Fact]
    public async Task A_thousand_idle_partitions_are_waited_for_with_one_deadline()
    {
        await using var harness = new GatewayHarness();
        var topic = harness.AddTopic("orders", partitions: 1000);
        var client = harness.Connect();
        var session = (await FetchAsync(client, 0, 0, topic.Id, [.. Enumerable.Range(0, 1000).Select(index => (index, 0L))])).SessionId;
        var waiting = Request(session, 1);
        waiting.MaxWaitMs = 60_000;
        await client.SendAsync(waiting, Version);
        await GatewayHarness.UntilAsync(() => harness.Wheel.Count == 1);

        var producer = harness.Connect();
        await producer.AskAsync<ProduceResponse>(Requests.Produce("orders", 777, new BatchBuilder().Record("a").Build()), 9);
        var answer = (FetchResponse)(await client.ReceiveAsync(Kafka.Protocol.Apis.ApiKey.Fetch, Version)).Body;

        Assert.Equal(777, answer.Only().Index);
    }

    private static Task<FetchResponse> FetchAsync(TestClient client, int session, int epoch, TopicId topic = default, params (int Index, long Offset)[] partitions) =>
        client.AskAsync<FetchResponse>(Request(session, epoch, topic, partitions), Version);

    private static FetchRequest Request(int session, int epoch, TopicId topic = default, params (int Index, long Offset)[] partitions)
    {
        var request = Requests.Fetch(topic, partitions);
        (request.SessionId, request.SessionEpoch) = (session, epoch);
        if (partitions.Length == 0)
        {
            request.Topics = [];
        }

        return request;
    }
}
