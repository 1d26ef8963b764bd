using Confluent.Kafka;
using OrleansStream.Testing.Brokers;

namespace OrleansStream.Cluster.Tests.Starting;

/// <summary>A data directory with acknowledged records in it, and damage to them.</summary>
internal static class StoredLog
{
    public const string Topic = "kept";
    public const int Records = 200;

    /// <summary>Lets a broker write records one by one, each in a block of its own, and stop.</summary>
    public static async Task WriteAsync(string data, int signal = Signals.Kill)
    {
        await using var run = await ServerRun.ServeAsync(data);
        await ProduceAsync(run.Bootstrap);
        await run.SignalAsync(signal);
    }

    public static async Task ProduceAsync(string bootstrap)
    {
        using var producer = new ProducerBuilder<Null, byte[]>(new ProducerConfig { BootstrapServers = bootstrap, LingerMs = 0, MessageTimeoutMs = 30_000 }).Build();
        for (var number = 0; number < Records; number++) await producer.ProduceAsync(Topic, new Message<Null, byte[]> { Value = new byte[4096] });
    }

    /// <summary>How many records the topic's partition 0 holds, as its broker tells.</summary>
    public static long Count(string bootstrap)
    {
        using var consumer = new ConsumerBuilder<Ignore, Ignore>(new ConsumerConfig { BootstrapServers = bootstrap, GroupId = "count" }).Build();
        return consumer.QueryWatermarkOffsets(new TopicPartition(Topic, 0), TimeSpan.FromSeconds(30)).High.Value;
    }

    /// <summary>Turns over one byte in the middle of what was acknowledged.</summary>
    /// <returns>The file that has it.</returns>
    public static string Damage(string data)
    {
        var file = Directory.EnumerateFiles(Path.Combine(data, "wal")).Order(StringComparer.Ordinal).First();
        using var stream = File.Open(file, FileMode.Open, FileAccess.ReadWrite);

        // Each record of 4 KiB took a block of two pages: this is in the middle of them, far from the tail.
        stream.Position = (Records / 2 * 8192) + 1000;
        var old = stream.ReadByte();
        stream.Position--;
        stream.WriteByte((byte)~old);
        return file;
    }
}
