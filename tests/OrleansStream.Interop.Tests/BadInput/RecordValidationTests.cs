using System.Buffers.Binary;
using OrleansStream.Interop.Tests.Brokers;
using OrleansStream.Interop.Tests.Confluent;
using OrleansStream.Model.Compression;
using OrleansStream.Model.Records;
using OrleansStream.Testing.Brokers;
using OrleansStream.Testing.Records;

namespace OrleansStream.Interop.Tests.BadInput;

/// <summary>Compressed batches whose header and checksum are right and whose records are not: what Validation:Records decides. The codes are those of Apache Kafka 4.3.1.</summary>
public sealed class RecordValidationTests(BrokerUnderTest broker) : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orleansstream-validation-");

    public static TheoryData<string, int> Batches => new()
    {
        { "no gzip data", -1 },
        { "gzip data that holds no records", 87 },
        { "fewer records than the header says", 87 },
        { "more records than the header says", 87 },
    };

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory, MemberData(nameof(Batches))]
    public async Task With_full_validation_a_batch_is_refused_as_Kafka_refuses_it(string what, int expected)
    {
        if (BrokerUnderTest.IsApacheKafka)
        {
            Assert.Equal(expected, await ProduceAsync(broker.Bootstrap, broker.NewName("full"), Bad(what)));
            return;
        }

        await using var full = new OrleansStreamBroker(_directory.FullName, new Dictionary<string, string> { ["OrleansStream:Validation:Records"] = "Full" });
        await full.StartAsync(TestContext.Current.CancellationToken);

        Assert.Equal(expected, await ProduceAsync(full.Bootstrap, "full", Bad(what)));
        Assert.Equal(0, await ProduceAsync(full.Bootstrap, "good", Good().Build()));
        await full.StopAsync(TestContext.Current.CancellationToken);
    }

    // The price of not decompressing: docs/adr/0008-record-validation.md.
    [Theory, MemberData(nameof(Batches))]
    public async Task Unless_told_otherwise_the_header_is_believed(string what, int refusedWith)
    {
        Assert.SkipWhen(BrokerUnderTest.IsApacheKafka, "Apache Kafka looks at every record.");

        Assert.Equal(0, await ProduceAsync(broker.Bootstrap, broker.NewName("believed"), Bad(what)));
        Assert.NotEqual(0, refusedWith);
    }

    private static BatchBuilder Good() => new BatchBuilder().At(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds()).Records(2).Codec(CompressionCodec.Gzip);

    private static byte[] Bad(string what) => what switch
    {
        "no gzip data" => Good().Edit(batch => batch.AsSpan(RecordBatchLayout.Records).Fill((byte)'x')).Build(),
        "gzip data that holds no records" => WithRecords(RecordCompressor.Compress(CompressionCodec.Gzip, [.. Enumerable.Repeat((byte)0xFF, 40)])),
        "fewer records than the header says" => Counting(3),
        _ => Counting(1),
    };

    private static byte[] WithRecords(byte[] records)
    {
        byte[] batch = [.. Good().Build().AsSpan(0, RecordBatchLayout.Records), .. records];
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(RecordBatchLayout.BatchLength), batch.Length - RecordBatchLayout.LengthOverhead);
        return BatchBuilder.Seal(batch);
    }

    private static byte[] Counting(int records) => Good().Edit(batch =>
    {
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(RecordBatchLayout.RecordCount), records);
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(RecordBatchLayout.LastOffsetDelta), records - 1);
    }).Build();

    private static async Task<int> ProduceAsync(string bootstrap, string topic, byte[] batch)
    {
        await ConfluentClients.CreateTopicAsync(bootstrap, topic, partitions: 1);
        using var connection = await RawConnection.OpenAsync(bootstrap);
        return Assert.Single(await BadRecordsTests.ProduceAsync(connection, topic, acks: -1, (0, batch)));
    }
}
