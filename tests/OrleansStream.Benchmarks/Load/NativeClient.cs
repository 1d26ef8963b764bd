using System.Runtime.InteropServices;

namespace OrleansStream.Benchmarks.Load;

/// <summary>One librdkafka producer or consumer. Used by one thread at a time; dispose it to end its threads.</summary>
internal sealed unsafe class NativeClient : IDisposable
{
    private const int ErrorBytes = 512;
    private const int Producer = 0;

    // As many requests under way as idempotent producers of every make may have. Without a limit librdkafka sends what it has at
    // once and in small pieces, however far behind a broker is that answers one request of a connection after the other.
    private const string RequestsUnderWay = "5";

    private const int Consumer = 1;

    private NativeClient(int type, IEnumerable<(string Name, string Value)> settings, bool reports)
    {
        var error = stackalloc byte[ErrorBytes];
        var conf = Librdkafka.ConfNew();
        foreach (var (name, value) in settings)
        {
            if (Librdkafka.ConfSet(conf, name, value, error, ErrorBytes) != 0) throw Failed(error);
        }
        // Brokers are stopped and killed on purpose: librdkafka's remarks about it would drown the report.
        Librdkafka.ConfSetLog(conf, &Ignore);
        if (reports) Librdkafka.ConfSetDeliveryReport(conf, &DeliveryReports.Count);
        Handle = Librdkafka.New(type, conf, error, ErrorBytes);
        if (Handle == 0) throw Failed(error);
    }

    public nint Handle { get; private set; }

    /// <summary>A producer without delivery reports, or with <paramref name="reports"/> one that counts into <see cref="DeliveryReports"/>.</summary>
    public static NativeClient CreateProducer(string bootstrap, bool reports, params (string Name, string Value)[] settings) =>
        new(Producer, [("bootstrap.servers", bootstrap), ("acks", "all"), ("max.in.flight.requests.per.connection", RequestsUnderWay), .. settings], reports);

    public static NativeClient CreateConsumer(string bootstrap, params (string Name, string Value)[] settings) =>
        new(Consumer, [("bootstrap.servers", bootstrap), ("group.id", "load"), ("enable.auto.commit", "false"), .. settings], reports: false);

    /// <summary>The sum of the end offsets of a topic's partitions: how many records it has acknowledged.</summary>
    public long EndOffsets(string topic, int partitions)
    {
        const int timeoutMs = 30_000;
        long sum = 0;
        for (var partition = 0; partition < partitions; partition++)
        {
            var error = Librdkafka.QueryWatermarks(Handle, topic, partition, out _, out var high, timeoutMs);
            if (error != 0) throw new InvalidOperationException($"End offset of {topic}-{partition}: {Librdkafka.Describe(error)}.");
            sum += high;
        }
        return sum;
    }

    /// <summary>Reads all partitions of a topic from one offset on.</summary>
    public void Assign(string topic, int partitions, long offset)
    {
        var list = Librdkafka.ListNew(partitions);
        for (var partition = 0; partition < partitions; partition++)
        {
            _ = Librdkafka.ListAdd(list, topic, partition);
            _ = Librdkafka.ListSetOffset(list, topic, partition, offset);
        }
        var error = Librdkafka.Assign(Handle, list);
        Librdkafka.ListDestroy(list);
        if (error != 0) throw new InvalidOperationException($"Assigning {topic}: {Librdkafka.Describe(error)}.");
    }

    public void Dispose()
    {
        if (Handle != 0) Librdkafka.Destroy(Handle);
        Handle = 0;
    }

    private static InvalidOperationException Failed(byte* error) => new(Marshal.PtrToStringUTF8((nint)error));

    [UnmanagedCallersOnly(CallConvs = [typeof(System.Runtime.CompilerServices.CallConvCdecl)])]
    private static void Ignore(nint client, int level, byte* facility, byte* text)
    {
        // Nothing: see where it is set.
    }
}
