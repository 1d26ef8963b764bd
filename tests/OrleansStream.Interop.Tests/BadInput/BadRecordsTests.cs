using System.Buffers.Binary;
using OrleansStream.Interop.Tests.Brokers;
using OrleansStream.Interop.Tests.Confluent;
using OrleansStream.Testing.Records;

namespace OrleansStream.Interop.Tests.BadInput;

/// <summary>Batches that must not enter a log, and reads that make no sense: answered as Apache Kafka 4.3.1 answers them, and nothing is appended.</summary>
public sealed class BadRecordsTests(BrokerUnderTest broker)
{
    private const int Produce = 0;
    private const int Fetch = 1;
    private const int ListOffsets = 2;

    private const int MagicAt = 16;
    private const int AttributesAt = 21;
    private const int CountAt = 57;

    public static TheoryData<string, int> Batches => new()
    {
        { "a wrong checksum", 2 },
        { "an old magic", 87 },
        { "a magic of the future", 2 },
        { "a batch that is cut short", 87 },
        { "no bytes at all", 87 },
        { "two batches", 87 },
        { "a wrong record count", 87 },
        { "a control batch", 87 },
        { "more than max.message.bytes", 10 },
    };

    [Theory, MemberData(nameof(Batches))]
    public async Task A_bad_batch_is_refused_and_its_good_neighbour_is_appended(string what, int expected)
    {
        var topic = broker.NewName("bad-batch");
        await ConfluentClients.CreateTopicAsync(broker.Bootstrap, topic, partitions: 2);
        using var connection = await RawConnection.OpenAsync(broker.Bootstrap);

        var codes = await ProduceAsync(connection, topic, acks: -1, (0, Bad(what)), (1, Good("x")));

        Assert.Equal(expected, codes[0]);
        Assert.Equal((0, 0), await LatestAsync(connection, topic, 0));

        // Apache Kafka refuses a whole request for one magic that it does not know. Nobody gains by that.
        if (BrokerUnderTest.IsApacheKafka && what == "a magic of the future") return;
        Assert.Equal(0, codes[1]);
        Assert.Equal((0, 1), await LatestAsync(connection, topic, 1));
    }

    [Fact]
    public async Task Unknown_partitions_and_wrong_acks_are_named_for_each_partition()
    {
        var topic = broker.NewName("bad-place");
        await ConfluentClients.CreateTopicAsync(broker.Bootstrap, topic, partitions: 1);
        using var connection = await RawConnection.OpenAsync(broker.Bootstrap);

        Assert.Equal("0 3 3", string.Join(' ', await ProduceAsync(connection, topic, acks: 1, (0, Good("x")), (1, Good("x")), (-1, Good("x")))));
        Assert.Equal("21", string.Join(' ', await ProduceAsync(connection, topic, acks: 2, (0, Good("x")))));
        Assert.Equal("3", string.Join(' ', await ProduceAsync(connection, broker.NewName("nowhere"), acks: -1, (0, Good("x")))));
        Assert.Equal((0, 1), await LatestAsync(connection, topic, 0));
    }

    [Fact]
    public async Task A_read_outside_the_log_is_out_of_range_and_one_at_its_end_is_not()
    {
        var topic = broker.NewName("bad-read");
        await ConfluentClients.CreateTopicAsync(broker.Bootstrap, topic, partitions: 1);
        using var connection = await RawConnection.OpenAsync(broker.Bootstrap);
        await ProduceAsync(connection, topic, acks: -1, (0, Good("x")));

        Assert.Equal(0, await FetchAsync(connection, topic, 0, offset: 0));
        Assert.Equal(0, await FetchAsync(connection, topic, 0, offset: 1));
        Assert.Equal(1, await FetchAsync(connection, topic, 0, offset: 2));
        Assert.Equal(1, await FetchAsync(connection, topic, 0, offset: -1));
        Assert.Equal(3, await FetchAsync(connection, topic, 7, offset: 0));
        Assert.Equal(3, await FetchAsync(connection, broker.NewName("nowhere"), 0, offset: 0));
    }

    [Fact]
    public async Task An_offset_lookup_of_what_does_not_exist_says_so()
    {
        var topic = broker.NewName("bad-lookup");
        await ConfluentClients.CreateTopicAsync(broker.Bootstrap, topic, partitions: 1);
        using var connection = await RawConnection.OpenAsync(broker.Bootstrap);

        Assert.Equal((3, -1), await LatestAsync(connection, topic, 5));
        Assert.Equal((3, -1), await LatestAsync(connection, broker.NewName("nowhere"), 0));
        Assert.Equal((35, -1), await LatestAsync(connection, topic, 0, timestamp: -9));
    }

    private static byte[] Good(string value) => new BatchBuilder().At(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds()).Record(value).Build();

    private static byte[] Bad(string what)
    {
        var good = Good("value");
        switch (what)
        {
            case "a wrong checksum":
                good[^1] ^= 1;
                return good;
            case "an old magic":
                good[MagicAt] = 1;
                return good;
            case "a magic of the future":
                good[MagicAt] = 3;
                return good;
            case "a batch that is cut short":
                return good[..^1];
            case "no bytes at all":
                return [];
            case "two batches":
                return [.. good, .. good];
            case "a wrong record count":
                BinaryPrimitives.WriteInt32BigEndian(good.AsSpan(CountAt), 2);
                return WithChecksum(good);
            case "a control batch":
                good[AttributesAt + 1] |= 0x20;
                return WithChecksum(good);
            default:
                return Good(new string('x', 1_048_588));
        }
    }

    private static byte[] WithChecksum(byte[] batch)
    {
        const int ChecksumAt = 17;
        BinaryPrimitives.WriteUInt32BigEndian(batch.AsSpan(ChecksumAt), Crc32COf(batch.AsSpan(AttributesAt)));
        return batch;
    }

    // Bit by bit: slow, short, and not the code under test.
    private static uint Crc32COf(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ ((crc & 1) * 0x82F63B78u);
        }

        return ~crc;
    }

    internal static async Task<int[]> ProduceAsync(RawConnection connection, string topic, int acks, params (int Partition, byte[] Records)[] wish)
    {
        var answer = await connection.AskAsync(Produce, 7, body =>
        {
            body.Text(null).Int16(acks).Int32(10_000).Int32(1).Text(topic).Int32(wish.Length);
            foreach (var (partition, records) in wish) body.Int32(partition).Bytes(records);
        });
        Assert.Equal((1, topic), (answer.Int32(), answer.Text()));
        var codes = new Dictionary<int, int>();
        for (var left = answer.Int32(); left > 0; left--)
        {
            var (partition, code) = (answer.Int32(), answer.Int16());
            answer.Skip(sizeof(long) * 3);
            codes[partition] = code;
        }

        return [.. wish.Select(asked => codes[asked.Partition])];
    }

    private static async Task<int> FetchAsync(RawConnection connection, string topic, int partition, long offset)
    {
        var answer = await connection.AskAsync(Fetch, 4, body => body
            .Int32(-1).Int32(100).Int32(0).Int32(1_000_000).Int8(0)
            .Int32(1).Text(topic).Int32(1).Int32(partition).Int64(offset).Int32(1_000_000));
        answer.Int32();
        Assert.Equal((1, topic, 1, partition), (answer.Int32(), answer.Text(), answer.Int32(), answer.Int32()));
        return answer.Int16();
    }

    private static async Task<(int Code, long Offset)> LatestAsync(RawConnection connection, string topic, int partition, long timestamp = -1)
    {
        var answer = await connection.AskAsync(ListOffsets, 1, body => body.Int32(-1).Int32(1).Text(topic).Int32(1).Int32(partition).Int64(timestamp));
        Assert.Equal((1, topic, 1, partition), (answer.Int32(), answer.Text(), answer.Int32(), answer.Int32()));
        var code = answer.Int16();
        return (code, answer.Skip(sizeof(long)).Int64());
    }
}
