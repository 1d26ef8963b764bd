namespace OrleansStream.Benchmarks.Load;

/// <summary>A client that wants its records acknowledged as soon as ever a broker can, and tries again every 20 ms.</summary>
internal static class FirstRecord
{
    private const string RetryMs = "20";
    private const int Value = 1;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    /// <summary>Creates the client before the broker runs: its own start is not what is measured.</summary>
    public static NativeClient CreateClient(string bootstrap)
    {
        DeliveryReports.Reset();
        return NativeClient.CreateProducer(
            bootstrap,
            reports: true,
            ("linger.ms", "0"),
            ("reconnect.backoff.ms", RetryMs),
            ("reconnect.backoff.max.ms", RetryMs),
            ("retry.backoff.ms", RetryMs),
            ("retry.backoff.max.ms", RetryMs),
            ("topic.metadata.refresh.fast.interval.ms", RetryMs),
            ("message.timeout.ms", "300000"),
            ("queue.buffering.max.messages", "1000000"));
    }

    /// <summary>Sends one record to each partition of each topic, waits until <paramref name="wanted"/> are acknowledged, returns how long that took.</summary>
    public static unsafe TimeSpan Send(NativeClient client, IReadOnlyList<string> topics, int partitions, long wanted)
    {
        var start = TimeProvider.System.GetTimestamp();
        var value = stackalloc byte[Value];
        *value = 0;
        foreach (var name in topics)
        {
            var topic = Librdkafka.TopicNew(client.Handle, name, 0);
            for (var partition = 0; partition < partitions; partition++)
            {
                var failed = Librdkafka.Produce(topic, partition, Librdkafka.FlagCopy, value, Value, null, 0, 0);
                if (failed != 0) throw new InvalidOperationException($"{name}-{partition}: the client refused the record.");
            }
            Librdkafka.TopicDestroy(topic);
        }
        WaitFor(client, wanted, start);
        return TimeProvider.System.GetElapsedTime(start);
    }

    /// <summary>Waits until that many records have been acknowledged since the client was created.</summary>
    public static void WaitFor(NativeClient client, long acknowledged, long start)
    {
        while (DeliveryReports.Acknowledged < acknowledged)
        {
            _ = Librdkafka.Poll(client.Handle, 1);
            if (DeliveryReports.Failed > 0) throw new InvalidOperationException($"{DeliveryReports.Failed} records failed.");
            if (TimeProvider.System.GetElapsedTime(start) > Limit)
            {
                throw new InvalidOperationException($"{DeliveryReports.Acknowledged} of {acknowledged} records acknowledged in {Limit.TotalMinutes:0} minutes.");
            }
        }
    }
}
