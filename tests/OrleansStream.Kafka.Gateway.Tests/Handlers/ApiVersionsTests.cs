using System.Buffers.Binary;
using OrleansStream.Kafka.Gateway.Handlers;
using OrleansStream.Kafka.Gateway.Tests.Harness;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;

namespace OrleansStream.Kafka.Gateway.Tests.Handlers;

public class ApiVersionsTests
{
    private static ApiVersionsRequest Named => new() { ClientSoftwareName = "tests", ClientSoftwareVersion = "1.0" };

    // Pitfall 1: Produce from 0, low minimums kept, nothing shown that is not answered, no features, in every version.
    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Pitfall_1_what_is_advertised_is_the_version_table_with_produce_from_zero(short version)
    {
        await using var harness = new GatewayHarness();
        var client = harness.Connect();

        var answer = await client.AskAsync<ApiVersionsResponse>(Named, version);

        Assert.Equal(ErrorCode.None, answer.ErrorCode);
        Assert.Equal(0, answer.Apis.Single(api => api.Api == ApiKey.Produce).MinVersion);
        Assert.Equal(ApiTable.All.Select(api => (api.Key, api.AdvertisedMin, api.MaxVersion)), answer.Apis.Select(api => (api.Api, api.MinVersion, api.MaxVersion)));
        Assert.Empty(answer.SupportedFeatures);
        Assert.Empty(answer.FinalizedFeatures);
    }

    // Pitfall 1: a version from the future is answered in version 0, with a header of version 0 and the one row that tells how to go on.
    [Fact]
    public async Task Pitfall_1_a_version_from_the_future_is_answered_with_version_zero_and_the_supported_range()
    {
        await using var harness = new GatewayHarness();
        var client = harness.Connect();
        byte[] body = [0, 18, 0, 99, 0, 0, 0, 7, 0, 1, (byte)'x', 0, 0xFF, 0xFF, 0xFF];

        await client.SendRawAsync(Framed(body));
        var answer = (await client.ReceiveRawAsync())!;

        Assert.Equal(7, BinaryPrimitives.ReadInt32BigEndian(answer));
        Assert.Equal((short)ErrorCode.UnsupportedVersion, BinaryPrimitives.ReadInt16BigEndian(answer.AsSpan(4)));
        Assert.Equal(1, BinaryPrimitives.ReadInt32BigEndian(answer.AsSpan(6)));
        Assert.Equal([0, 18, 0, 0, 0, 4], answer[10..]);

        // The connection lives on, as the client asks again on it.
        Assert.Equal(ErrorCode.None, (await client.AskAsync<ApiVersionsResponse>(Named, 4)).ErrorCode);
    }

    // Pitfall 2: the answer's header never has tagged fields, in flexible versions neither.
    [Fact]
    public async Task Pitfall_2_the_answer_has_no_tagged_fields_in_its_header()
    {
        await using var harness = new GatewayHarness();
        var client = harness.Connect();

        await client.SendAsync(Named, 3);
        var answer = (await client.ReceiveRawAsync())!;

        Assert.Equal((short)ErrorCode.None, BinaryPrimitives.ReadInt16BigEndian(answer.AsSpan(4)));
        Assert.Equal(ApiTable.All.Count + 1, answer[6]);
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("a", true)]
    [InlineData("librdkafka-2.0.2", true)]
    [InlineData("-a", false)]
    [InlineData("a.", false)]
    [InlineData("a b", false)]
    [InlineData("ä", false)]
    public async Task A_client_must_name_its_software_with_letters_and_digits_at_both_ends(string name, bool accepted)
    {
        await using var harness = new GatewayHarness();
        var client = harness.Connect();

        var answer = await client.AskAsync<ApiVersionsResponse>(new ApiVersionsRequest { ClientSoftwareName = name, ClientSoftwareVersion = "1" }, 3);

        Assert.Equal(accepted ? ErrorCode.None : ErrorCode.InvalidRequest, answer.ErrorCode);
        Assert.Equal(accepted, ApiVersionsHandler.IsName(name));
    }

    [Fact]
    public async Task Before_names_existed_none_is_asked_for()
    {
        await using var harness = new GatewayHarness();
        var client = harness.Connect();

        Assert.Equal(ErrorCode.None, (await client.AskAsync<ApiVersionsResponse>(new ApiVersionsRequest(), 2)).ErrorCode);
    }

    private static byte[] Framed(byte[] body)
    {
        var frame = new byte[sizeof(int) + body.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, body.Length);
        body.CopyTo(frame, sizeof(int));
        return frame;
    }
}
