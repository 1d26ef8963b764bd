using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Framing;
using OrleansStream.Kafka.Protocol.Primitives;
using OrleansStream.Kafka.Protocol.Tests.Fixtures;

namespace OrleansStream.Kafka.Protocol.Tests.Framing;

public class RecordedFrameTests
{
    // One test for each API, so that a failure names it and the output stays readable.
    public static TheoryData<ApiKey> RecordedApis => [.. RecordedFrame.All.Select(frame => frame.Api).Distinct()];

    [Theory, MemberData(nameof(RecordedApis))]
    public void A_recorded_request_is_written_back_byte_for_byte(ApiKey api)
    {
        foreach (var frame in RecordedFrame.All.Where(frame => frame.IsRequest && frame.Api == api))
        {
            var request = RequestFrame.Read(frame.Bytes);
            using var writer = new ProtocolWriter();
            RequestFrame.Write(writer, request.Header, request.Body!);

            Assert.Equal((api, frame.Version), (request.Header.Api, request.Header.Version));
            AssertSame(frame, writer.ToArray());
        }
    }

    [Theory, MemberData(nameof(RecordedApis))]
    public void A_recorded_response_is_written_back_byte_for_byte(ApiKey api)
    {
        foreach (var frame in RecordedFrame.All.Where(frame => !frame.IsRequest && frame.Api == api))
        {
            var response = ResponseFrame.Read(frame.Bytes, api, frame.Version);
            using var writer = new ProtocolWriter();
            ResponseFrame.Write(writer, new(api, frame.Version, response.CorrelationId, null), response.Body);

            AssertSame(frame, writer.ToArray());
        }
    }

    [Fact]
    public void Every_api_was_recorded_in_both_directions()
    {
        var recorded = RecordedFrame.All.Select(frame => (frame.Api, frame.IsRequest)).ToHashSet();

        Assert.Empty(ApiTable.All.Where(api => !recorded.Contains((api.Key, true)) || !recorded.Contains((api.Key, false))).Select(api => api.Name));
    }

    private static void AssertSame(RecordedFrame frame, byte[] written)
    {
        var expected = Convert.ToHexStringLower(frame.Bytes);
        var actual = Convert.ToHexStringLower(written.AsSpan(sizeof(int)));
        Assert.True(expected == actual, $"{frame}\nrecorded {expected}\nwritten  {actual}");
        Assert.Equal(frame.Bytes.Length, System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(written));
    }
}
