using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Framing;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Kafka.Protocol.Primitives;
using OrleansStream.Model.Errors;

namespace OrleansStream.Kafka.Protocol.Tests.Framing;

public class FrameTests
{
    // Key 18, version 99, correlation id 5, client id "a", a tagged field, and a body that is no ApiVersions request.
    private const string FromTheFuture = "0012" + "0063" + "00000005" + "000161" + "010000" + "ffffffff";

    [Fact]
    public void An_api_versions_request_of_an_unknown_version_keeps_its_header_and_loses_its_body()
    {
        var request = RequestFrame.Read(Convert.FromHexString(FromTheFuture));

        Assert.Equal(new(ApiKey.ApiVersions, 99, 5, "a"), request.Header);
        Assert.False(request.Header.IsSupported);
        Assert.Null(request.Body);
    }

    // Flexible versions have compact strings everywhere but here.
    [Theory]
    [InlineData("000161", "a")]
    [InlineData("0000", "")]
    [InlineData("ffff", null)]
    public void Pitfall_2_the_client_id_of_a_flexible_request_has_a_length_of_two_bytes(string clientId, string? expected)
    {
        // Metadata 9 with null topics and three booleans; a byte for tagged fields ends header and body.
        var frame = Convert.FromHexString("0003" + "0009" + "00000007" + clientId + "00" + "00" + "000000" + "00");

        var request = RequestFrame.Read(frame);

        Assert.Equal(new(ApiKey.Metadata, 9, 7, expected), request.Header);
        Assert.Null(((MetadataRequest)request.Body!).Topics);
    }

    [Fact]
    public void The_answer_to_an_unknown_api_versions_version_is_written_in_version_0()
    {
        var header = new RequestHeader(ApiKey.ApiVersions, 99, 5, null);
        var answer = new ApiVersionsResponse
        {
            ErrorCode = ErrorCode.UnsupportedVersion,
            Apis = [new() { Api = ApiKey.ApiVersions, MinVersion = 0, MaxVersion = 4 }],
        };

        Assert.Equal("00000010" + "00000005" + "0023" + "00000001" + "001200000004", Written(header, answer));
    }

    [Theory, InlineData(2), InlineData(3), InlineData(4)]
    public void The_header_of_an_api_versions_response_never_has_tagged_fields(short version)
    {
        var written = Written(new(ApiKey.ApiVersions, version, 7, null), new ApiVersionsResponse());

        Assert.Equal("00000007" + "0000", written[8..20]);
    }

    [Theory, InlineData(8, "00000001" + "00000000"), InlineData(9, "00000001" + "00" + "01")]
    public void Flexible_responses_have_tagged_fields_in_their_header(short version, string start) =>
        Assert.Equal(start, Written(new(ApiKey.Produce, version, 1, null), new ProduceResponse())[8..(8 + start.Length)]);

    [Theory]
    [InlineData("0004" + "0000" + "00000001" + "ffff")] // A key that Kafka removed.
    [InlineData("03e8" + "0000" + "00000001" + "ffff")] // A key that nobody ever had.
    [InlineData("ffff" + "0000" + "00000001" + "ffff")]
    [InlineData("0000" + "000d" + "00000001" + "ffff")] // Produce 13 is beyond ours.
    [InlineData("0000" + "0002" + "00000001" + "ffff")] // Produce 2 is advertised, but not served.
    [InlineData("0003" + "ffff" + "00000001" + "ffff")]
    public void A_request_that_the_broker_lacks_is_refused(string hex) =>
        Assert.Throws<MalformedFrameException>(() => RequestFrame.Read(Convert.FromHexString(hex)));

    [Fact]
    public void A_refusal_says_what_was_read_and_where()
    {
        var fault = Assert.Throws<MalformedFrameException>(() => RequestFrame.Read(Convert.FromHexString("0003" + "0001" + "00000001" + "ffff" + "7fffffff")));

        Assert.Equal((ApiKey.Metadata, (short)1, 14), (fault.Api, fault.Version, fault.Position));
        Assert.Equal("Metadata v1, byte 14: a list claims 2147483647 elements of at least 1 bytes, 0 bytes are left.", fault.Message);
    }

    [Fact]
    public void Bytes_behind_the_body_are_ignored()
    {
        var request = RequestFrame.Read(Convert.FromHexString("000c" + "0000" + "00000001" + "ffff" + "000167" + "00000002" + "00016d" + "deadbeef"));

        Assert.Equal("m", Assert.IsType<HeartbeatRequest>(request.Body).MemberId);
    }

    // Found by fuzzing. No client does it, and Kafka lets the last one win.
    [Fact]
    public void A_tagged_field_that_comes_twice_is_read_twice_and_the_last_one_counts()
    {
        const string FeatureA = "00" + "08" + "02" + "0261" + "0001" + "0001" + "00";
        const string FeatureB = "00" + "08" + "02" + "0262" + "0002" + "0002" + "00";
        var frame = Convert.FromHexString("00000001" + "0000" + "01" + "00000000" + "02" + FeatureA + FeatureB);

        var body = (ApiVersionsResponse)ResponseFrame.Read(frame, ApiKey.ApiVersions, 3).Body;

        Assert.Equal("b", Assert.Single(body.SupportedFeatures).Name);
    }

    [Fact]
    public void Every_prefix_of_a_request_is_refused()
    {
        using var writer = new ProtocolWriter();
        RequestFrame.Write(writer, new(ApiKey.Produce, 9, 1, "client"), new ProduceRequest { Topics = [new() { Name = "t", Partitions = [new() { Records = new byte[] { 1, 2, 3 } }] }] });
        var frame = writer.ToArray().AsMemory(sizeof(int));

        for (var length = 0; length < frame.Length; length++)
        {
            var prefix = frame[..length];
            Assert.Throws<MalformedFrameException>(() => RequestFrame.Read(prefix));
        }
    }

    [Fact]
    public void A_property_that_the_version_lacks_is_not_dropped()
    {
        var response = new FetchResponse { SessionId = 1 };

        var fault = Assert.Throws<UnwritableMessageException>(() => Written(new(ApiKey.Fetch, 6, 1, null), response));

        Assert.Equal(("FetchResponse", "SessionId", (short)6), (fault.Structure, fault.Property, fault.Version));
        Assert.NotEmpty(Written(new(ApiKey.Fetch, 7, 1, null), response));
    }

    [Fact]
    public void An_ignorable_property_is_dropped() =>
        Assert.Equal(
            Written(new(ApiKey.Heartbeat, 0, 1, null), new HeartbeatResponse()),
            Written(new(ApiKey.Heartbeat, 0, 1, null), new HeartbeatResponse { ThrottleTimeMs = 5 }));

    [Fact]
    public void Null_is_not_written_to_a_version_that_cannot_say_it()
    {
        var request = new MetadataRequest { Topics = null };
        using var writer = new ProtocolWriter();

        Assert.Throws<UnwritableMessageException>(() => request.Write(writer, 0));
        request.Write(writer, 1);
    }

    [Fact]
    public void An_answer_to_another_request_is_refused() =>
        Assert.Throws<ArgumentException>(() => Written(new(ApiKey.Fetch, 4, 1, null), new ProduceResponse()));

    private static string Written(RequestHeader header, IResponse body)
    {
        using var writer = new ProtocolWriter();
        ResponseFrame.Write(writer, header, body);
        return Convert.ToHexStringLower(writer.ToArray());
    }
}
