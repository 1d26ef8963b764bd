using System.Runtime.InteropServices;

namespace OrleansStream.Benchmarks.Load;

/// <summary>Sends records at an even rate and notes for each the time from when it was due until a consumer had it.</summary>
/// <param name="Topic">An empty topic.</param>
/// <param name="RecordsPerSecond">The rate. A record that is sent late still counts from when it was due.</param>
internal sealed record LatencyLoad(string Bootstrap, string Topic, int Partitions, int RecordsPerSecond, TimeSpan Duration)
{
    private const int RecordBytes = 100;
    private const int WaitMs = 100;
    private const long NanosecondsPerSecond = 1_000_000_000;

    // What the first seconds show is the client's own start: metadata, first connections, compiling.
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    /// <summary>Settings of librdkafka that replace ours.</summary>
    public IReadOnlyList<(string Name, string Value)> ClientSettings { get; init; } = [];

    public LatencyResult Run()
    {
        using var consumer = NativeClient.CreateConsumer(Bootstrap, ("fetch.wait.max.ms", "500"), ("fetch.min.bytes", "1"));
        using var producer = NativeClient.CreateProducer(Bootstrap, reports: false, [("linger.ms", "0"), .. ClientSettings]);
        consumer.Assign(Topic, Partitions, offset: 0);

        var records = (int)(RecordsPerSecond * (WarmUp + Duration).TotalSeconds);
        var latencies = new long[records];
        var clientBefore = Environment.CpuUsage.TotalTime;
        var reader = new Thread(() => Read(consumer, latencies)) { IsBackground = true, Name = "latency-reader" };
        reader.Start();
        Send(producer, records);
        if (!reader.Join(Grace)) throw new InvalidOperationException($"{Topic}: not every record came back within {Grace.TotalSeconds:0} s.");

        var client = Environment.CpuUsage.TotalTime - clientBefore;
        var counted = latencies.AsSpan((int)(RecordsPerSecond * WarmUp.TotalSeconds));
        counted.Sort();
        return new(At(counted, 0.5), At(counted, 0.99), At(counted, 0.999), At(counted, 1), client / ((WarmUp + Duration) * Environment.ProcessorCount));
    }

    private static TimeSpan At(Span<long> sorted, double share) =>
        TimeSpan.FromMicroseconds(sorted[(int)Math.Min(sorted.Length - 1, sorted.Length * share)] / 1000.0);

    private unsafe void Send(NativeClient producer, int records)
    {
        var topic = Librdkafka.TopicNew(producer.Handle, Topic, 0);
        var value = stackalloc byte[RecordBytes];
        var start = MonotonicClock.Now + (NanosecondsPerSecond / 10);
        for (var index = 0; index < records; index++)
        {
            var due = start + (index * NanosecondsPerSecond / RecordsPerSecond);
            MonotonicClock.SleepUntil(due);
            *(long*)value = due;
            *(int*)(value + sizeof(long)) = index;
            var failed = Librdkafka.Produce(topic, index % Partitions, Librdkafka.FlagCopy, value, RecordBytes, null, 0, 0);
            if (failed != 0) throw new InvalidOperationException($"Record {index} of {Topic} was refused: error {Marshal.GetLastSystemError()}.");
        }
        _ = Librdkafka.Flush(producer.Handle, (int)Grace.TotalMilliseconds);
        Librdkafka.TopicDestroy(topic);
    }

    private static unsafe void Read(NativeClient consumer, long[] latencies)
    {
        var queue = Librdkafka.QueueOfConsumer(consumer.Handle);
        for (var seen = 0; seen < latencies.Length;)
        {
            // One at a time as they come: a batch call waits for more, which would be the client's delay, not the broker's.
            var message = Librdkafka.ConsumeOne(queue, WaitMs);
            if (message is null) continue;

            if (message->Error == 0)
            {
                latencies[*(int*)(message->Payload + sizeof(long))] = MonotonicClock.Now - *(long*)message->Payload;
                seen++;
            }
            Librdkafka.MessageDestroy(message);
        }
        Librdkafka.QueueDestroy(queue);
    }
}
