using System.Runtime.InteropServices;
using OrleansStream.Benchmarks.Load;

namespace OrleansStream.Benchmarks.Availability;

/// <summary>
/// A producer that is never idle, and as light as librdkafka can be: records are sent from where they lie, a batch of a partition at a time, without a report of
/// each. It shares the processor with what is measured.
/// </summary>
internal sealed unsafe class FullLoad : IDisposable
{
    // A little below librdkafka's batch.size of 1,000,000 bytes with what stands around each record.
    private const int BatchBytes = 990_000;
    private const int FlushTimeoutMs = 60_000;

    // More than a lane of ours has on its way.
    private const int UnansweredBytes = 64_000_000;

    private readonly NativeClient _client;
    private readonly nint _topic;
    private readonly string _name;
    private readonly int _partitions;
    private readonly int[] _led;
    private readonly int _recordBytes;
    private readonly byte* _payload;

    /// <param name="bootstrap">The broker.</param>
    /// <param name="topic">Name and number of partitions.</param>
    /// <param name="led">Those that are written to.</param>
    /// <param name="recordBytes">The value's size; there is no key.</param>
    public FullLoad(string bootstrap, (string Name, int Partitions) topic, int[] led, int recordBytes)
    {
        ((_name, _partitions), _led, _recordBytes) = (topic, led, recordBytes);
        (string, string)[] settings =
        [
            ("linger.ms", "5"), ("max.in.flight.requests.per.connection", "1000"), ("queue.buffering.max.messages", $"{UnansweredBytes / recordBytes}"), ("queue.buffering.max.kbytes", "131072"),
        ];
        _client = NativeClient.CreateProducer(bootstrap, reports: false, settings);
        _topic = Librdkafka.TopicNew(_client.Handle, _name, 0);
        _payload = (byte*)NativeMemory.Alloc((nuint)BatchBytes);
        new Random(1).NextBytes(new Span<byte>(_payload, BatchBytes));
    }

    /// <summary>Produces for a time and waits for what is on its way.</summary>
    /// <exception cref="InvalidOperationException">A record was refused or not acknowledged: the row would compare nothing.</exception>
    public (long Bytes, TimeSpan Time) Run(TimeSpan span)
    {
        var before = _client.EndOffsets(_name, _partitions);
        var start = TimeProvider.System.GetTimestamp();
        long sent = 0;
        for (var next = 0; TimeProvider.System.GetElapsedTime(start) < span; next++) sent += SendBatch(_led[next % _led.Length]);
        var error = Librdkafka.Flush(_client.Handle, FlushTimeoutMs);
        var time = TimeProvider.System.GetElapsedTime(start);
        var acknowledged = _client.EndOffsets(_name, _partitions) - before;
        return error == 0 && acknowledged >= sent
            ? (sent * _recordBytes, time)
            : throw new InvalidOperationException($"{sent - acknowledged} of {sent} records were not acknowledged.");
    }

    public void Dispose()
    {
        Librdkafka.TopicDestroy(_topic);
        _client.Dispose();
        NativeMemory.Free(_payload);
    }

    private int SendBatch(int partition)
    {
        var count = BatchBytes / _recordBytes;
        var messages = stackalloc Librdkafka.Message[count];
        for (var index = 0; index < count; index++)
        {
            messages[index] = new() { Partition = partition, Payload = _payload + (index * _recordBytes), Length = (nuint)_recordBytes };
        }
        var accepted = Librdkafka.ProduceBatch(_topic, -1, Librdkafka.FlagPartition | Librdkafka.FlagBlock, messages, count);
        return accepted == count ? count : throw new InvalidOperationException($"{count - accepted} records were refused.");
    }
}
