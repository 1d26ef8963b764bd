using Confluent.Kafka;
using OrleansStream.Testing.Brokers;

namespace OrleansStream.Cluster.Tests.Starting;

/// <summary>A data directory with acknowledged records in it, and damage to them.</summary>
internal static class StoredLog
{
    public const string Topic = "kept";
    public const int Records = 200;

    // Like no other byte around it: padding is zero, and headers hold no run of it.
    private const byte Filling = 0xA5;

    private static readonly byte[] Value = [.. Enumerable.Repeat(Filling, 4096)];

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
        for (var number = 0; number < Records; number++) await producer.ProduceAsync(Topic, new Message<Null, byte[]> { Value = Value });
    }

    /// <summary>How many records the topic's partition 0 holds, as its broker tells.</summary>
    public static long Count(string bootstrap)
    {
        using var consumer = new ConsumerBuilder<Ignore, Ignore>(new ConsumerConfig { BootstrapServers = bootstrap, GroupId = "count" }).Build();
        return consumer.QueryWatermarkOffsets(new TopicPartition(Topic, 0), TimeSpan.FromSeconds(30)).High.Value;
    }

    /// <summary>Turns over one byte of the name under which the catalog keeps the topic.</summary>
    /// <returns>The file that has it.</returns>
    public static string DamageCatalog(string data)
    {
        var file = Directory.EnumerateFiles(Path.Combine(data, "wal")).Order(StringComparer.Ordinal).First();
        using var stream = File.Open(file, FileMode.Open, FileAccess.ReadWrite);
        var bytes = new byte[Math.Min(stream.Length, 1 << 20)];
        stream.ReadExactly(bytes);
        var at = bytes.AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(Topic));
        stream.Position = at;
        stream.WriteByte((byte)(bytes[at] ^ 1));
        return file;
    }

    /// <summary>Turns over one byte of the first record.</summary>
    public static void DamageFirst(string data)
    {
        using var stream = File.Open(Directory.EnumerateFiles(Path.Combine(data, "wal")).Order(StringComparer.Ordinal).First(), FileMode.Open, FileAccess.ReadWrite);
        var bytes = new byte[Math.Min(stream.Length, 1 << 20)];
        stream.ReadExactly(bytes);
        stream.Position = bytes.AsSpan().IndexOf(Value.AsSpan(0, 64)) + 32;
        stream.WriteByte(unchecked((byte)~Filling));
    }

    /// <summary>Turns over one byte of a record in the middle of what was acknowledged, far from the tail.</summary>
    /// <returns>The file that has it.</returns>
    public static string Damage(string data)
    {
        var file = Directory.EnumerateFiles(Path.Combine(data, "wal")).Order(StringComparer.Ordinal).First();
        using var stream = File.Open(file, FileMode.Open, FileAccess.ReadWrite);

        // Inside of a record: what stands beside it, and from where on, depends on how blocks fell.
        var bytes = new byte[2 * 8192];
        stream.Position = Records / 2 * 8192;
        stream.ReadExactly(bytes);
        stream.Position = (Records / 2 * 8192) + bytes.AsSpan().IndexOf(Value.AsSpan(0, 64)) + 32;
        stream.WriteByte(unchecked((byte)~Filling));
        return file;
    }
}
