using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Framing;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Kafka.Protocol.Tests.Fixtures;

namespace OrleansStream.Kafka.Protocol.Tests.Framing;

public class EmbeddedFrameTests
{
    // Version 9 of the subscription to "t", with something behind it that our version 3 does not know.
    private const string FromTheFuture = "0009" + "00000001" + "000174" + "ffffffff" + "00000000" + "00000005" + "000172" + "cafe";

    [Fact]
    public void The_known_part_of_a_later_version_is_read()
    {
        var data = EmbeddedFrame.Read<ConsumerProtocolSubscription>(Convert.FromHexString(FromTheFuture));

        Assert.Equal(["t"], data.Topics);
        Assert.Equal((5, "r"), (data.GenerationId, data.RackId));
    }

    [Theory, InlineData(""), InlineData("00"), InlineData("ffff0000"), InlineData("00007fffffff")]
    public void Data_of_a_strategy_that_is_no_consumers_is_refused(string hex) =>
        Assert.Throws<MalformedFrameException>(() => EmbeddedFrame.Read<ConsumerProtocolSubscription>(Convert.FromHexString(hex)));

    // @platformatic/kafka 1.35 calls its subscription version 1 and leaves out what version 1 added; Kafka cannot read it either.
    [Fact]
    public void What_real_consumers_told_when_they_joined_is_readable_but_for_one_client()
    {
        var joins = RecordedFrame.All.Where(frame => frame is { IsRequest: true, Api: ApiKey.JoinGroup }).ToLookup(frame => frame.Client.StartsWith("platformatic", StringComparison.Ordinal));
        var whole = joins[false].SelectMany(Protocols).ToList();
        var cut = joins[true].SelectMany(Protocols).ToList();

        Assert.NotEmpty(whole);
        Assert.NotEmpty(cut);
        Assert.All(whole, metadata => Assert.NotEmpty(EmbeddedFrame.Read<ConsumerProtocolSubscription>(metadata).Topics));
        Assert.All(cut, metadata => Assert.Throws<MalformedFrameException>(() => EmbeddedFrame.Read<ConsumerProtocolSubscription>(metadata)));
    }

    [Fact]
    public void What_real_leaders_assigned_is_written_back_byte_for_byte()
    {
        var syncs = RecordedFrame.All.Where(frame => frame is { IsRequest: true, Api: ApiKey.SyncGroup }).Select(frame => (SyncGroupRequest)RequestFrame.Read(frame.Bytes).Body!);
        var assignments = syncs.SelectMany(sync => sync.Assignments).Select(assignment => assignment.Assignment.ToArray()).Where(bytes => bytes.Length > 0).ToList();

        Assert.NotEmpty(assignments);
        Assert.All(assignments, bytes => Assert.Equal(bytes, EmbeddedFrame.Write(EmbeddedFrame.Read<ConsumerProtocolAssignment>(bytes), bytes[1])));
    }

    private static IEnumerable<ReadOnlyMemory<byte>> Protocols(RecordedFrame join) =>
        ((JoinGroupRequest)RequestFrame.Read(join.Bytes).Body!).Protocols.Select(protocol => protocol.Metadata);
}
