using System.Runtime.InteropServices;

namespace OrleansStream.Benchmarks.Load;

/// <summary>Sends equal records to all partitions in turn, as fast as the broker acknowledges them.</summary>
/// <param name="RecordBytes">The value's size; there is no key, the partition is named.</param>
/// <param name="TotalBytes">About how many payload bytes to send.</param>
internal sealed record ProduceLoad(string Bootstrap, string Topic, int Partitions, int RecordBytes, long TotalBytes)
{
    private const int BatchRecords = 1_000;
    private const int FlushTimeoutMs = 300_000;
    private const int PayloadBytes = 4 << 20;

    // The batch settings are librdkafka's own, but for room enough to keep the connection busy.
    private static readonly (string Name, string Value)[] Settings =
        [("linger.ms", "5"), ("queue.buffering.max.messages", "1000000"), ("queue.buffering.max.kbytes", "131072")];

    /// <summary>Settings of librdkafka that replace ours.</summary>
    public IReadOnlyList<(string Name, string Value)> ClientSettings { get; init; } = [];

    /// <summary>Runs the load. A record that was not acknowledged is an error: the row would compare nothing.</summary>
    public unsafe LoadResult Run(int brokerProcessId)
    {
        using var client = NativeClient.CreateProducer(Bootstrap, reports: false, [.. Settings, .. ClientSettings]);
        var topic = Librdkafka.TopicNew(client.Handle, Topic, 0);
        var payload = RandomPayload();
        try
        {
            // The connection and the metadata are there before the clock starts.
            Send(topic, payload, Partitions);
            WaitForAll(client);
            var before = client.EndOffsets(Topic, Partitions);

            var records = Math.Max(Partitions, TotalBytes / RecordBytes);
            var result = LoadResult.Measure(brokerProcessId, () =>
            {
                Send(topic, payload, records);
                WaitForAll(client);
                return records * RecordBytes;
            });

            var acknowledged = client.EndOffsets(Topic, Partitions) - before;
            return acknowledged >= records
                ? result
                : throw new InvalidOperationException($"{Topic}: {records - acknowledged} of {records} records were not acknowledged.");
        }
        finally
        {
            Librdkafka.TopicDestroy(topic);
            client.Dispose();
            NativeMemory.Free((void*)payload);
        }
    }

    // Random bytes: nothing on the way can be clever about them. librdkafka reads them in place, so they are made once.
    private static unsafe nint RandomPayload()
    {
        var payload = (byte*)NativeMemory.Alloc(PayloadBytes);
        new Random(1).NextBytes(new Span<byte>(payload, PayloadBytes));
        return (nint)payload;
    }

    private unsafe void Send(nint topic, nint payload, long records)
    {
        var messages = stackalloc Librdkafka.Message[BatchRecords];
        var places = PayloadBytes / RecordBytes;
        for (long sent = 0; sent < records;)
        {
            var count = (int)Math.Min(BatchRecords, records - sent);
            for (var index = 0; index < count; index++, sent++)
            {
                messages[index] = new()
                {
                    Partition = (int)(sent % Partitions),
                    Payload = (byte*)payload + (sent % places * RecordBytes),
                    Length = (nuint)RecordBytes,
                };
            }
            var accepted = Librdkafka.ProduceBatch(topic, -1, Librdkafka.FlagPartition | Librdkafka.FlagBlock, messages, count);
            if (accepted != count) throw new InvalidOperationException($"{count - accepted} records refused: {Librdkafka.Describe(FirstError(messages, count))}");
        }
    }

    private static unsafe int FirstError(Librdkafka.Message* messages, int count)
    {
        for (var index = 0; index < count; index++)
        {
            if (messages[index].Error != 0) return messages[index].Error;
        }
        return 0;
    }

    private static void WaitForAll(NativeClient client)
    {
        var error = Librdkafka.Flush(client.Handle, FlushTimeoutMs);
        if (error != 0) throw new InvalidOperationException($"Waiting for acknowledgements: {Librdkafka.Describe(error)}.");
    }
}
