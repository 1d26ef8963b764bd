using System.Runtime.InteropServices;

namespace OrleansStream.Benchmarks.Load;

/// <summary>
/// The few functions of librdkafka that a load client needs, from the library that Confluent.Kafka brings along.
/// Confluent.Kafka itself copies each message into objects, which would cost more than the broker under test does.
/// </summary>
internal static unsafe partial class Librdkafka
{
    public const int FlagCopy = 2;
    public const int FlagBlock = 4;
    public const int FlagPartition = 8;
    public const int PartitionEnd = -191;

    private const string Library = "librdkafka";

    // The package holds builds for several distributions. The plain one wants a library that Debian has under another name.
    private static readonly string[] Builds = [Library, "centos8-librdkafka", "alpine-librdkafka"];

    static Librdkafka() => NativeLibrary.SetDllImportResolver(typeof(Librdkafka).Assembly, (name, assembly, path) =>
        name != Library ? 0 : Builds.Select(build => NativeLibrary.TryLoad(build, assembly, path, out var handle) ? handle : 0).FirstOrDefault(handle => handle != 0));

    /// <summary>rd_kafka_message_t.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Message
    {
        public int Error;
        public nint Topic;
        public int Partition;
        public byte* Payload;
        public nuint Length;
        public byte* Key;
        public nuint KeyLength;
        public long Offset;
        public nint Opaque;
    }

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_new")]
    public static partial nint ConfNew();

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_set", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ConfSet(nint conf, string name, string value, byte* error, nuint errorSize);

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_set_dr_msg_cb")]
    public static partial void ConfSetDeliveryReport(nint conf, delegate* unmanaged[Cdecl]<nint, Message*, nint, void> callback);

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_set_log_cb")]
    public static partial void ConfSetLog(nint conf, delegate* unmanaged[Cdecl]<nint, int, byte*, byte*, void> callback);

    [LibraryImport(Library, EntryPoint = "rd_kafka_new")]
    public static partial nint New(int type, nint conf, byte* error, nuint errorSize);

    [LibraryImport(Library, EntryPoint = "rd_kafka_destroy")]
    public static partial void Destroy(nint client);

    [LibraryImport(Library, EntryPoint = "rd_kafka_topic_new", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint TopicNew(nint client, string topic, nint conf);

    [LibraryImport(Library, EntryPoint = "rd_kafka_topic_destroy")]
    public static partial void TopicDestroy(nint topic);

    [LibraryImport(Library, EntryPoint = "rd_kafka_produce_batch")]
    public static partial int ProduceBatch(nint topic, int partition, int flags, Message* messages, int count);

    [LibraryImport(Library, EntryPoint = "rd_kafka_produce")]
    public static partial int Produce(
        nint topic, int partition, int flags, byte* payload, nuint length, byte* key, nuint keyLength, nint opaque);

    [LibraryImport(Library, EntryPoint = "rd_kafka_flush")]
    public static partial int Flush(nint client, int timeoutMs);

    [LibraryImport(Library, EntryPoint = "rd_kafka_poll")]
    public static partial int Poll(nint client, int timeoutMs);

    [LibraryImport(Library, EntryPoint = "rd_kafka_query_watermark_offsets", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int QueryWatermarks(nint client, string topic, int partition, out long low, out long high, int timeoutMs);

    [LibraryImport(Library, EntryPoint = "rd_kafka_topic_partition_list_new")]
    public static partial nint ListNew(int size);

    [LibraryImport(Library, EntryPoint = "rd_kafka_topic_partition_list_add", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint ListAdd(nint list, string topic, int partition);

    [LibraryImport(Library, EntryPoint = "rd_kafka_topic_partition_list_set_offset", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ListSetOffset(nint list, string topic, int partition, long offset);

    [LibraryImport(Library, EntryPoint = "rd_kafka_topic_partition_list_destroy")]
    public static partial void ListDestroy(nint list);

    [LibraryImport(Library, EntryPoint = "rd_kafka_assign")]
    public static partial int Assign(nint client, nint list);

    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_get_consumer")]
    public static partial nint QueueOfConsumer(nint client);

    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_destroy")]
    public static partial void QueueDestroy(nint queue);

    [LibraryImport(Library, EntryPoint = "rd_kafka_consume_batch_queue")]
    public static partial nint ConsumeBatch(nint queue, int timeoutMs, Message** messages, nuint count);

    [LibraryImport(Library, EntryPoint = "rd_kafka_consume_queue")]
    public static partial Message* ConsumeOne(nint queue, int timeoutMs);

    [LibraryImport(Library, EntryPoint = "rd_kafka_message_destroy")]
    public static partial void MessageDestroy(Message* message);

    [LibraryImport(Library, EntryPoint = "rd_kafka_err2str")]
    private static partial nint ErrorText(int error);

    /// <summary>librdkafka's own words for one of its error numbers.</summary>
    public static string Describe(int error) => Marshal.PtrToStringUTF8(ErrorText(error)) ?? $"error {error}";
}
