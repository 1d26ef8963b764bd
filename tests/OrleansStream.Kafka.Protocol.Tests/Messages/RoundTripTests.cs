using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Framing;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Kafka.Protocol.Primitives;

namespace OrleansStream.Kafka.Protocol.Tests.Messages;

public class RoundTripTests
{
    private const int SamplesPerVersion = 40;

    public static TheoryData<ApiKey, short> EveryVersion
    {
        get
        {
            var data = new TheoryData<ApiKey, short>();
            foreach (var api in ApiTable.All)
                for (var version = api.MinVersion; version <= api.MaxVersion; version++) data.Add(api.Key, version);
            return data;
        }
    }

    [Theory, MemberData(nameof(EveryVersion))]
    public void A_request_is_read_as_it_was_written(ApiKey api, short version)
    {
        var sample = new MessageSample(new Random((int)api * 100 + version), version);
        using var writer = new ProtocolWriter();
        for (var i = 0; i < SamplesPerVersion; i++)
        {
            var body = (IRequest)sample.Create(Type.GetType($"{typeof(IRequest).Namespace}.{api}Request, {typeof(IRequest).Assembly.FullName}")!);
            var header = new RequestHeader(api, version, i, i % 3 == 0 ? null : "client");
            RequestFrame.Write(writer, header, body);

            var read = RequestFrame.Read(writer.ToArray().AsMemory(sizeof(int)));

            Assert.Equal(header, read.Header);
            Assert.Equal(MessageSample.Describe(body), MessageSample.Describe(read.Body));
            writer.Reset();
        }
    }

    [Theory, MemberData(nameof(EveryVersion))]
    public void A_response_is_read_as_it_was_written(ApiKey api, short version)
    {
        var sample = new MessageSample(new Random((int)api * 100 + version), version);
        using var writer = new ProtocolWriter();
        for (var i = 0; i < SamplesPerVersion; i++)
        {
            var body = (IResponse)sample.Create(Type.GetType($"{typeof(IResponse).Namespace}.{api}Response, {typeof(IResponse).Assembly.FullName}")!);
            ResponseFrame.Write(writer, new(api, version, i, null), body);

            var read = ResponseFrame.Read(writer.ToArray().AsMemory(sizeof(int)), api, version);

            Assert.Equal(i, read.CorrelationId);
            Assert.Equal(MessageSample.Describe(body), MessageSample.Describe(read.Body));
            writer.Reset();
        }
    }

    [Theory, InlineData(0), InlineData(1), InlineData(2), InlineData(3)]
    public void What_consumers_tell_each_other_is_read_as_it_was_written(short version)
    {
        var sample = new MessageSample(new Random(version), version);
        for (var i = 0; i < SamplesPerVersion; i++)
        {
            AssertRoundTrip((ConsumerProtocolSubscription)sample.Create(typeof(ConsumerProtocolSubscription)), version);
            AssertRoundTrip((ConsumerProtocolAssignment)sample.Create(typeof(ConsumerProtocolAssignment)), version);
        }
    }

    private static void AssertRoundTrip<T>(T message, short version)
        where T : IEmbeddedData<T> =>
        Assert.Equal(MessageSample.Describe(message), MessageSample.Describe(EmbeddedFrame.Read<T>(EmbeddedFrame.Write(message, version))));
}
