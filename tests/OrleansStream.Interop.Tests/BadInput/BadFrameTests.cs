using OrleansStream.Interop.Tests.Brokers;
using OrleansStream.Interop.Tests.Confluent;

namespace OrleansStream.Interop.Tests.BadInput;

/// <summary>What does not follow the protocol costs its own connection and nothing else.</summary>
public sealed class BadFrameTests(BrokerUnderTest broker)
{
    private const int Produce = 0;
    private const int Fetch = 1;
    private const int Metadata = 3;
    private const int ApiVersions = 18;

    public static TheoryData<string> Frames => [.. Bad.Keys];

    private static Dictionary<string, Func<RawConnection, byte[]>> Bad => new()
    {
        ["an API that nobody knows"] = raw => raw.Frame(200, 0, static _ => { }),
        ["a negative API key"] = raw => raw.Frame(-1, 0, static _ => { }),
        ["Produce in a version that is advertised and gone"] = raw => raw.Frame(Produce, 2, static body => body.Int16(1).Int32(1000).Int32(0)),
        ["Produce in a version of the future"] = raw => raw.Frame(Produce, 99, static _ => { }),
        ["Fetch in a version of the past"] = raw => raw.Frame(Fetch, 3, static body => body.Int32(-1).Int32(0).Int32(0).Int32(1).Int32(0)),
        ["a frame of no bytes"] = static _ => [0, 0, 0, 0],
        ["a frame of fewer than no bytes"] = static _ => [255, 255, 255, 255],
        ["a frame of more than 100 MiB"] = static _ => new WireWriter().Int32(104_857_601).Int16(Metadata).Int16(1).ToArray(),
        ["a header that ends too early"] = static _ => new WireWriter().Bytes([0, 3, 0]).ToArray(),
        ["a client id that is longer than its frame"] = static _ => new WireWriter().Bytes(new WireWriter().Int16(Metadata).Int16(1).Int32(1).Int16(30_000).ToArray()).ToArray(),
        ["an array that is longer than its frame"] = raw => raw.Frame(Metadata, 1, static body => body.Int32(int.MaxValue)),
        ["a text that is longer than its frame"] = raw => raw.Frame(Metadata, 1, static body => body.Int32(1).Int16(30_000)),
    };

    [Theory, MemberData(nameof(Frames))]
    public async Task It_closes_the_connection_without_an_answer_and_serves_the_others(string frame)
    {
        using var other = await RawConnection.OpenAsync(broker.Bootstrap);
        using var connection = await RawConnection.OpenAsync(broker.Bootstrap);

        await connection.SendAsync(Bad[frame](connection));

        Assert.Null(await connection.ReceiveAsync());
        await AssertServesAsync(other);
    }

    [Fact]
    public async Task Null_records_close_the_connection()
    {
        Assert.SkipWhen(BrokerUnderTest.IsApacheKafka, "Version 4.3.1 neither answers nor closes: a hang is nothing to copy.");
        var topic = broker.NewName("null-records");
        await ConfluentClients.CreateTopicAsync(broker.Bootstrap, topic, partitions: 1);
        using var connection = await RawConnection.OpenAsync(broker.Bootstrap);

        await connection.SendAsync(connection.Frame(Produce, 7, body => body.Text(null).Int16(-1).Int32(1000).Int32(1).Text(topic).Int32(1).Int32(0).Bytes(null)));

        Assert.Null(await connection.ReceiveAsync());
    }

    [Fact]
    public async Task A_frame_that_never_ends_is_no_request()
    {
        using var connection = await RawConnection.OpenAsync(broker.Bootstrap);
        var frame = connection.Frame(Metadata, 1, static body => body.Int32(0));

        await connection.SendAsync(frame[..^1]);
        connection.FinishSending();

        Assert.Null(await connection.ReceiveAsync());
    }

    [Fact]
    public async Task Requests_before_a_bad_one_are_answered()
    {
        using var connection = await RawConnection.OpenAsync(broker.Bootstrap);
        var good = connection.Frame(Metadata, 1, static body => body.Int32(0));

        await connection.SendAsync([.. good, .. connection.Frame(200, 0, static _ => { })]);

        Assert.NotNull(await connection.ReceiveAsync());
        Assert.Null(await connection.ReceiveAsync());
    }

    [Fact]
    public async Task ApiVersions_in_a_version_of_the_future_is_answered_in_version_0_with_what_there_is()
    {
        using var connection = await RawConnection.OpenAsync(broker.Bootstrap);

        // From version 3 on a header ends with its tagged fields: none.
        var answer = await connection.AskAsync(ApiVersions, 99, static body => body.Int8(0));

        Assert.Equal(35, answer.Int16());
        Assert.True(answer.Int32() >= 1);
        await AssertServesAsync(connection);
    }

    private static async Task AssertServesAsync(RawConnection connection)
    {
        var answer = await connection.AskAsync(Metadata, 1, static body => body.Int32(0));
        Assert.Equal(1, answer.Int32());
    }
}
