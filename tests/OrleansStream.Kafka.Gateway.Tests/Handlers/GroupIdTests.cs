using System.Text;
using OrleansStream.Abstractions.Groups;
using OrleansStream.Kafka.Gateway.Tests.Harness;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Framing;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Kafka.Protocol.Primitives;
using OrleansStream.Model.Ids;
using HeartbeatRequest = OrleansStream.Kafka.Protocol.Messages.HeartbeatRequest;

namespace OrleansStream.Kafka.Gateway.Tests.Handlers;

// Pitfall 28: any text is a group id.
public class GroupIdTests
{
    public static TheoryData<string> OddIds => [" ", "  ", "\t", "\r\n", "\u00a0", "\u3000", "\0", " a ", "a/b", "x+y", "a#b", "%2F", "..", "\"", "__consumer_offsets", "grüße", new string('x', short.MaxValue)];

    [Theory, MemberData(nameof(OddIds))]
    public async Task Pitfall_28_a_group_may_have_any_name(string id)
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        var group = harness.Grains.Groups[id] = new FakeGroupGrain();
        var client = harness.Connect();

        Assert.Equal(ErrorCode.None, (await client.AskAsync<JoinGroupResponse>(new JoinGroupRequest { GroupId = id, SessionTimeoutMs = 10_000, ProtocolType = "consumer", Protocols = [new() { Name = "range" }] }, 9)).ErrorCode);
        Assert.Equal(ErrorCode.None, (await client.AskAsync<HeartbeatResponse>(new HeartbeatRequest { GroupId = id, MemberId = "m" }, 4)).ErrorCode);
        Assert.Equal(ErrorCode.None, await CommitAsync(client, id));
        Assert.Equal("Stable", (await client.AskAsync<DescribeGroupsResponse>(new DescribeGroupsRequest { GroupIds = [id] }, 5)).Groups.Single().GroupState);
        Assert.Equal(4, group.Requests.Count);
    }

    // Consumers that assign by themselves once committed without a group, and tools can still see and delete that.
    [Fact]
    public async Task Pitfall_28_the_empty_group_keeps_offsets_but_has_no_members()
    {
        await using var harness = new GatewayHarness();
        var topic = harness.AddTopic("orders");
        var group = harness.Grains.Groups[""] = new FakeGroupGrain();
        group.Committed.Add(new CommittedOffset(new PartitionId(topic.Id, 0), "orders", new Offset(7), LeaderEpoch.None, ""));
        var client = harness.Connect();

        Assert.Equal(ErrorCode.InvalidGroupId, (await client.AskAsync<JoinGroupResponse>(new JoinGroupRequest { GroupId = "", ProtocolType = "consumer" }, 9)).ErrorCode);
        Assert.Equal(ErrorCode.InvalidGroupId, (await client.AskAsync<HeartbeatResponse>(new HeartbeatRequest { GroupId = "" }, 4)).ErrorCode);
        Assert.Equal(ErrorCode.None, await CommitAsync(client, ""));
        var fetched = await client.AskAsync<OffsetFetchResponse>(new OffsetFetchRequest { GroupId = "", Topics = null }, 7);
        Assert.Equal((ErrorCode.None, 7L), (fetched.ErrorCode, fetched.Topics.Single().Partitions.Single().CommittedOffset));
        Assert.Equal("Stable", (await client.AskAsync<DescribeGroupsResponse>(new DescribeGroupsRequest { GroupIds = [""] }, 5)).Groups.Single().GroupState);
        Assert.Equal(ErrorCode.NonEmptyGroup, (await client.AskAsync<DeleteGroupsResponse>(new DeleteGroupsRequest { GroupIds = [""] }, 2)).Groups.Single().ErrorCode);
    }

    // Such bytes become question marks of three bytes each, in Kafka too.
    [Theory]
    [InlineData(10, ErrorCode.None)]
    [InlineData((short.MaxValue / 3) + 1, ErrorCode.InvalidGroupId)]
    public async Task Pitfall_28_bytes_that_are_no_text_make_a_group_unless_it_gets_too_long(int bytes, ErrorCode expected)
    {
        await using var harness = new GatewayHarness();
        var group = harness.Grains.Groups[new string('\ufffd', bytes)] = new FakeGroupGrain();
        var client = harness.Connect();
        using var writer = new ProtocolWriter();
        RequestFrame.Write(writer, new RequestHeader(ApiKey.Heartbeat, 0, 1, "test"), new HeartbeatRequest { GroupId = new('a', bytes), MemberId = "m" });
        var frame = writer.ToArray();
        frame.AsSpan(frame.AsSpan().IndexOf(Encoding.ASCII.GetBytes(new string('a', bytes))), bytes).Fill(0xff);

        await client.SendRawAsync(frame);

        Assert.Equal(expected, ((HeartbeatResponse)(await client.ReceiveAsync(ApiKey.Heartbeat, 0)).Body).ErrorCode);
        Assert.Equal(expected == ErrorCode.None ? 1 : 0, group.Requests.Count);
    }

    private static async Task<ErrorCode> CommitAsync(TestClient client, string group)
    {
        var request = new OffsetCommitRequest { GroupId = group, GenerationIdOrMemberEpoch = -1, Topics = [new() { Name = "orders", Partitions = [new() { Index = 0, CommittedOffset = 7 }] }] };
        return (await client.AskAsync<OffsetCommitResponse>(request, 8)).Topics.Single().Partitions.Single().ErrorCode;
    }
}
