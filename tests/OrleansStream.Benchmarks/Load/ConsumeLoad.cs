namespace OrleansStream.Benchmarks.Load;

/// <summary>Reads a topic from its beginning, all partitions at once, as fast as the broker gives it.</summary>
/// <param name="Records">How many records to read; the topic holds at least as many.</param>
internal sealed record ConsumeLoad(string Bootstrap, string Topic, int Partitions, long Records)
{
    private const int BatchRecords = 10_000;
    private const int WaitMs = 100;
    private static readonly TimeSpan SilenceLimit = TimeSpan.FromSeconds(60);

    public LoadResult Run(int brokerProcessId)
    {
        // Enough is queued that the client never waits for itself, and fetching goes on at once when there is room again.
        using var client = NativeClient.CreateConsumer(
            Bootstrap, ("queued.min.messages", "1000000"), ("queued.max.messages.kbytes", "65536"), ("fetch.queue.backoff.ms", "1"));
        var queue = Librdkafka.QueueOfConsumer(client.Handle);
        try
        {
            return LoadResult.Measure(brokerProcessId, () =>
            {
                client.Assign(Topic, Partitions, offset: 0);
                return Read(queue);
            });
        }
        finally
        {
            Librdkafka.QueueDestroy(queue);
        }
    }

    private unsafe long Read(nint queue)
    {
        long records = 0, bytes = 0;
        var messages = stackalloc Librdkafka.Message*[BatchRecords];
        var lastSeen = TimeProvider.System.GetTimestamp();
        while (records < Records)
        {
            // Never more than are left: the call waits for as many as it was asked for.
            var wanted = (nuint)Math.Min(BatchRecords, Records - records);
            var count = (int)Librdkafka.ConsumeBatch(queue, WaitMs, messages, wanted);
            for (var index = 0; index < count; index++)
            {
                var error = messages[index]->Error;
                if (error == 0)
                {
                    records++;
                    bytes += (long)messages[index]->Length;
                }
                Librdkafka.MessageDestroy(messages[index]);
                if (error is not 0 and not Librdkafka.PartitionEnd) throw new InvalidOperationException($"Reading {Topic}: {Librdkafka.Describe(error)}.");
            }
            if (count > 0) lastSeen = TimeProvider.System.GetTimestamp();
            else if (TimeProvider.System.GetElapsedTime(lastSeen) > SilenceLimit)
            {
                throw new InvalidOperationException($"{Topic}: nothing came for {SilenceLimit.TotalSeconds:0} s after {records} of {Records} records.");
            }
        }
        return bytes;
    }
}
