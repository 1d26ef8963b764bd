using OrleansStream.Abstractions.Groups;
using OrleansStream.Kafka.Gateway.Tests.Harness;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Model.Ids;
using HeartbeatRequest = OrleansStream.Kafka.Protocol.Messages.HeartbeatRequest;

namespace OrleansStream.Kafka.Gateway.Tests.Handlers;

public class GroupTests
{
    // Pitfall 15: the id step is asked for where clients know it, and members are told to the leader as the grain says.
    [Theory]
    [InlineData(3, false)]
    [InlineData(4, true)]
    public async Task Pitfall_15_a_join_is_passed_on_with_what_its_version_knows(short version, bool knowsIdStep)
    {
        await using var harness = new GatewayHarness();
        var group = harness.Grains.Groups["g"] = new FakeGroupGrain
        {
            OnJoin = _ => new(new JoinAnswer { MemberId = "m", LeaderId = "m", Generation = 4, ProtocolName = "range", Members = [new("m", null, [9])] }, 0),
        };

        var answer = await harness.Connect().AskAsync<JoinGroupResponse>(Join("g", metadata: [1, 2, 3]), version, "client");

        var asked = Assert.IsType<JoinRequest>(Assert.Single(group.Requests));
        Assert.Equal(knowsIdStep, asked.RequiresKnownMemberId);
        Assert.Equal(("client", TimeSpan.FromSeconds(10), "consumer"), (asked.ClientId, asked.SessionTimeout, asked.ProtocolType));
        Assert.Equal([1, 2, 3], asked.Protocols.Single().Metadata);
        Assert.Equal((4, "m", "m", "range"), (answer.GenerationId, answer.Leader, answer.MemberId, answer.ProtocolName));
        Assert.Equal([9], answer.Members.Single().Metadata.ToArray());
    }

    [Fact]
    public async Task Version_zero_has_no_rebalance_timeout_and_no_null_protocol()
    {
        await using var harness = new GatewayHarness();
        var group = harness.Grains.Groups["g"] = new FakeGroupGrain();

        var answer = await harness.Connect().AskAsync<JoinGroupResponse>(Join("g"), 0);

        Assert.Null(((JoinRequest)group.Requests.Single()).RebalanceTimeout);
        Assert.Equal("", answer.ProtocolName);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_ticket_that_comes_when_nobody_waits_any_more_is_forgotten(bool clientGoes)
    {
        await using var harness = new GatewayHarness();
        var gate = new TaskCompletionSource();
        harness.Grains.Groups["g"] = new FakeGroupGrain { JoinGate = gate.Task, OnJoin = _ => new(null, harness.Tickets.Open()) };
        var client = harness.Connect();
        await client.SendAsync(Join("g"), 9);

        // It is asked before anybody waits for its answer: time that goes by in between ends nothing.
        await GatewayHarness.UntilAsync(() => harness.Grains.Groups["g"].Requests.Count == 1 && harness.Intake.Taken == 0 && harness.Clock.Timers.Contains(TimeSpan.FromSeconds(10)));
        if (clientGoes)
        {
            await harness.Connections.DrainAsync(new CancellationToken(canceled: true));
            await client.Served;
        }
        else
        {
            harness.Time.Advance(TimeSpan.FromSeconds(11));
            Assert.Equal(ErrorCode.CoordinatorNotAvailable, ((JoinGroupResponse)(await client.ReceiveAsync(ApiKey.JoinGroup, 9)).Body).ErrorCode);
        }

        gate.SetResult();

        await GatewayHarness.UntilAsync(() => harness.Tickets.Count == 0).WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
    }

    // A parked join holds neither intake nor a grain: the ticket ends it.
    [Fact]
    public async Task A_parked_join_is_answered_by_its_ticket_and_holds_no_intake_meanwhile()
    {
        await using var harness = new GatewayHarness();
        var ticket = harness.Tickets.Open();
        harness.Grains.Groups["g"] = new FakeGroupGrain { OnJoin = _ => new(null, ticket) };
        var client = harness.Connect();
        await client.SendAsync(Join("g"), 9);
        var answer = client.ReceiveAsync(ApiKey.JoinGroup, 9);
        await GatewayHarness.UntilAsync(() => harness.Grains.Groups["g"].Requests.Count == 1 && harness.Intake.Taken == 0);
        Assert.False(answer.IsCompleted);

        harness.Tickets.Complete(ticket, new JoinAnswer { Generation = 8 });

        Assert.Equal(8, ((JoinGroupResponse)(await answer).Body).GenerationId);
    }

    [Fact]
    public async Task A_parked_join_is_sent_elsewhere_when_the_broker_stops()
    {
        await using var harness = new GatewayHarness();
        var ticket = harness.Tickets.Open();
        harness.Grains.Groups["g"] = new FakeGroupGrain { OnJoin = _ => new(null, ticket) };
        var client = harness.Connect();
        await client.SendAsync(Join("g"), 9);
        await GatewayHarness.UntilAsync(() => harness.Grains.Groups["g"].Requests.Count == 1);

        var drained = harness.Connections.DrainAsync(TestContext.Current.CancellationToken);

        Assert.Equal(ErrorCode.NotCoordinator, ((JoinGroupResponse)(await client.ReceiveAsync(ApiKey.JoinGroup, 9)).Body).ErrorCode);
        await drained;
    }

    [Fact]
    public async Task Another_brokers_group_and_one_without_a_name_are_refused_without_asking_a_grain()
    {
        await using var harness = new GatewayHarness();
        harness.Cluster.GroupsElsewhere.Add("far");
        var client = harness.Connect();

        Assert.Equal(ErrorCode.NotCoordinator, (await client.AskAsync<JoinGroupResponse>(Join("far"), 9)).ErrorCode);
        Assert.Equal(ErrorCode.NotCoordinator, (await client.AskAsync<HeartbeatResponse>(new HeartbeatRequest { GroupId = "far" }, 4)).ErrorCode);
        Assert.Equal(ErrorCode.InvalidGroupId, (await client.AskAsync<JoinGroupResponse>(Join(""), 9)).ErrorCode);
        Assert.Equal("plain-7", (await client.AskAsync<FindCoordinatorResponse>(new FindCoordinatorRequest { Key = "far" }, 3)).Host);
        Assert.Empty(harness.Grains.Asked);
    }

    // Pitfall 15: a member of a group that nobody knows must hear "unknown member", or cooperative clients never join again.
    [Fact]
    public async Task Pitfall_15_members_of_unknown_groups_are_unknown_members()
    {
        await using var harness = new GatewayHarness();
        var client = harness.Connect();
        var leave = new LeaveGroupRequest { GroupId = "g", Members = [new() { MemberId = "m" }] };

        Assert.Equal(ErrorCode.UnknownMemberId, (await client.AskAsync<HeartbeatResponse>(new HeartbeatRequest { GroupId = "g", MemberId = "m" }, 4)).ErrorCode);
        Assert.Equal(ErrorCode.UnknownMemberId, (await client.AskAsync<SyncGroupResponse>(new SyncGroupRequest { GroupId = "g", MemberId = "m", ProtocolType = "consumer", ProtocolName = "range" }, 5)).ErrorCode);
        Assert.Equal(ErrorCode.UnknownMemberId, (await client.AskAsync<LeaveGroupResponse>(leave, 5)).Members.Single().ErrorCode);
        Assert.Equal(ErrorCode.UnknownMemberId, (await client.AskAsync<LeaveGroupResponse>(new LeaveGroupRequest { GroupId = "g", MemberId = "m" }, 2)).ErrorCode);
        Assert.Empty(harness.Grains.Asked);
    }

    [Fact]
    public async Task A_heartbeat_while_the_journal_is_read_is_a_yes()
    {
        await using var harness = new GatewayHarness();
        harness.LocalGroups.Failure = new TimeoutException();
        var client = harness.Connect();

        Assert.Equal(ErrorCode.None, (await client.AskAsync<HeartbeatResponse>(new HeartbeatRequest { GroupId = "g" }, 4)).ErrorCode);
        Assert.Equal(ErrorCode.CoordinatorLoadInProgress, (await client.AskAsync<SyncGroupResponse>(new SyncGroupRequest { GroupId = "g", ProtocolType = "consumer", ProtocolName = "range" }, 5)).ErrorCode);
    }

    // Pitfall 16: nothing committed is -1 without an error, for unknown groups and unknown topics too. Pitfall 3: null asks for everything.
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    public async Task Pitfall_3_what_was_never_committed_is_minus_one_without_an_error(short version)
    {
        await using var harness = new GatewayHarness();
        var topic = harness.AddTopic("orders", partitions: 2);
        harness.Grains.Groups["known"] = new FakeGroupGrain { Committed = { new CommittedOffset(new PartitionId(topic.Id, 1), "orders", new Offset(42), new LeaderEpoch(5), "m") } };
        var client = harness.Connect();

        Assert.Equal([("orders", 0, -1L, ""), ("orders", 1, 42L, "m"), ("gone", 0, -1L, "")], await FetchAsync(client, "known", version));
        Assert.Equal([("orders", 0, -1L, ""), ("orders", 1, -1L, ""), ("gone", 0, -1L, "")], await FetchAsync(client, "unknown", version));
        if (version >= 2)
        {
            Assert.Equal([("orders", 1, 42L, "m")], await FetchAsync(client, "known", version, all: true));
            Assert.Empty(await FetchAsync(client, "unknown", version, all: true));
        }
    }

    // Pitfall 17: a consumer without a group protocol commits with generation -1 and no member id.
    [Fact]
    public async Task Pitfall_17_a_simple_consumers_commit_reaches_the_group_and_unknown_partitions_do_not()
    {
        await using var harness = new GatewayHarness();
        var topic = harness.AddTopic("orders");
        var group = harness.Grains.Groups["g"] = new FakeGroupGrain();
        var request = new OffsetCommitRequest
        {
            GroupId = "g",
            Topics =
            [
                new() { Name = "orders", Partitions = [new() { Index = 0, CommittedOffset = 7 }, new() { Index = 9, CommittedOffset = 7 }] },
                new() { Name = "gone", Partitions = [new() { Index = 0, CommittedOffset = 7 }] },
            ],
        };

        var answer = await harness.Connect().AskAsync<OffsetCommitResponse>(request, 7);

        Assert.Equal(
            [ErrorCode.None, ErrorCode.UnknownTopicOrPartition, ErrorCode.UnknownTopicOrPartition],
            answer.Topics.SelectMany(named => named.Partitions.Select(partition => partition.ErrorCode)));
        var asked = Assert.IsType<CommitRequest>(Assert.Single(group.Requests));
        Assert.Equal((-1, "", 1), (asked.Generation, asked.MemberId, asked.Offsets.Count));
        Assert.Equal(new PartitionId(topic.Id, 0), asked.Offsets[0].Partition);
        Assert.False(asked.KnowsGroupNotFound);
    }

    [Fact]
    public async Task A_groups_refusal_of_a_commit_is_told_for_each_partition()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders", partitions: 2);
        harness.Grains.Groups["g"] = new FakeGroupGrain { OnCommit = _ => new(ErrorCode.IllegalGeneration, []) };
        var request = new OffsetCommitRequest { GroupId = "g", Topics = [new() { Name = "orders", Partitions = [new() { Index = 0 }, new() { Index = 1 }] }] };

        var answer = await harness.Connect().AskAsync<OffsetCommitResponse>(request, 8);

        Assert.All(answer.Topics[0].Partitions, partition => Assert.Equal(ErrorCode.IllegalGeneration, partition.ErrorCode));
    }

    [Fact]
    public async Task An_unknown_group_is_dead_without_an_error_until_there_was_a_code_for_it()
    {
        await using var harness = new GatewayHarness();
        harness.Grains.Groups["g"] = new FakeGroupGrain();
        var client = harness.Connect();
        var request = new DescribeGroupsRequest { GroupIds = ["g", "unknown"] };

        var old = (await client.AskAsync<DescribeGroupsResponse>(request, 5)).Groups;
        var recent = (await client.AskAsync<DescribeGroupsResponse>(request, 6)).Groups;

        Assert.Equal([("Stable", ErrorCode.None), ("Dead", ErrorCode.None)], old.Select(group => (group.GroupState, group.ErrorCode)));
        Assert.Equal([("Stable", ErrorCode.None), ("Dead", ErrorCode.GroupIdNotFound)], recent.Select(group => (group.GroupState, group.ErrorCode)));
    }

    [Fact]
    public async Task Groups_are_listed_by_state_and_type_and_deleted_by_name()
    {
        await using var harness = new GatewayHarness();
        harness.Grains.Groups["g"] = new FakeGroupGrain();
        var client = harness.Connect();

        Assert.Equal(["g"], await ListAsync([], []));
        Assert.Equal(["g"], await ListAsync(["stable"], ["Classic"]));
        Assert.Empty(await ListAsync(["Empty"], []));
        Assert.Empty(await ListAsync([], ["share"]));
        var deleted = (await client.AskAsync<DeleteGroupsResponse>(new DeleteGroupsRequest { GroupIds = ["g", "unknown", ""] }, 2)).Groups;
        Assert.Equal([ErrorCode.NonEmptyGroup, ErrorCode.GroupIdNotFound, ErrorCode.GroupIdNotFound], deleted.Select(group => group.ErrorCode));

        async Task<List<string>> ListAsync(List<string> states, List<string> types) =>
            [.. (await client.AskAsync<ListGroupsResponse>(new ListGroupsRequest { StatesFilter = states, TypesFilter = types }, 5)).Groups.Select(group => group.GroupId)];
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(6)]
    public async Task Transactions_are_refused_with_a_message_that_librdkafka_does_not_retry_and_groups_are_found(short version)
    {
        await using var harness = new GatewayHarness();
        var client = harness.Connect();

        var (error, message) = await FindAsync(CoordinatorKeyType.Transaction);
        Assert.Equal(ErrorCode.TransactionalIdAuthorizationFailed, error);
        Assert.Contains("transactions", message, StringComparison.Ordinal);
        Assert.Equal(ErrorCode.None, (await FindAsync(CoordinatorKeyType.Group)).Error);

        async Task<(ErrorCode Error, string? Message)> FindAsync(CoordinatorKeyType type)
        {
            var request = new FindCoordinatorRequest { KeyType = type, Key = version < 4 ? "k" : "", Keys = version >= 4 ? ["k"] : [] };
            var answer = await client.AskAsync<FindCoordinatorResponse>(request, version);
            return version < 4 ? (answer.ErrorCode, answer.ErrorMessage) : (answer.Coordinators[0].ErrorCode, answer.Coordinators[0].ErrorMessage);
        }
    }

    // Pitfall 30: ids come from memory; what cannot be had now is asked for again, not waited for.
    [Fact]
    public async Task Pitfall_30_producer_ids_are_given_at_once_and_transactional_ones_refused()
    {
        await using var harness = new GatewayHarness();
        var client = harness.Connect();

        var first = await client.AskAsync<InitProducerIdResponse>(new InitProducerIdRequest(), 4);
        var second = await client.AskAsync<InitProducerIdResponse>(new InitProducerIdRequest(), 0);
        var transactional = await client.AskAsync<InitProducerIdResponse>(new InitProducerIdRequest { TransactionalId = "t", TransactionTimeoutMs = 1000 }, 4);
        var nameless = await client.AskAsync<InitProducerIdResponse>(new InitProducerIdRequest { TransactionalId = "", TransactionTimeoutMs = 1000 }, 4);
        var half = await client.AskAsync<InitProducerIdResponse>(new InitProducerIdRequest { ProducerId = 5 }, 4);
        harness.ProducerIds.Failure = new TimeoutException();
        var cold = await client.AskAsync<InitProducerIdResponse>(new InitProducerIdRequest(), 4);

        Assert.Equal((ErrorCode.None, (short)0), (first.ErrorCode, first.ProducerEpoch));
        Assert.NotEqual(first.ProducerId, second.ProducerId);
        Assert.Equal((ErrorCode.TransactionalIdAuthorizationFailed, -1L), (transactional.ErrorCode, transactional.ProducerId));
        Assert.Equal(ErrorCode.InvalidRequest, nameless.ErrorCode);
        Assert.Equal(ErrorCode.InvalidRequest, half.ErrorCode);
        Assert.Equal(ErrorCode.CoordinatorLoadInProgress, cold.ErrorCode);
    }

    private static JoinGroupRequest Join(string group, byte[]? metadata = null) => new()
    {
        GroupId = group,
        SessionTimeoutMs = 10_000,
        RebalanceTimeoutMs = 60_000,
        ProtocolType = "consumer",
        Protocols = [new() { Name = "range", Metadata = metadata ?? [] }],
    };

    private static async Task<List<(string Topic, int Index, long Offset, string? Metadata)>> FetchAsync(TestClient client, string group, short version, bool all = false)
    {
        (string Name, List<int> Indexes)[] asked = [("orders", [0, 1]), ("gone", [0])];
        var request = version >= 8
            ? new OffsetFetchRequest { Groups = [new() { GroupId = group, Topics = all ? null : [.. asked.Select(one => new OffsetFetchRequest.GroupTopic { Name = one.Name, PartitionIndexes = one.Indexes })] }] }
            : new OffsetFetchRequest { GroupId = group, Topics = all ? null : [.. asked.Select(one => new OffsetFetchRequest.Topic { Name = one.Name, PartitionIndexes = one.Indexes })] };
        var answer = await client.AskAsync<OffsetFetchResponse>(request, version);
        Assert.Equal(ErrorCode.None, version >= 8 ? answer.Groups.Single().ErrorCode : answer.ErrorCode);
        return version >= 8
            ? [.. answer.Groups.Single().Topics.SelectMany(topic => topic.Partitions.Select(partition => (topic.Name, partition.Index, partition.CommittedOffset, partition.CommittedMetadata)))]
            : [.. answer.Topics.SelectMany(topic => topic.Partitions.Select(partition => (topic.Name, partition.Index, partition.CommittedOffset, partition.CommittedMetadata)))];
    }
}
