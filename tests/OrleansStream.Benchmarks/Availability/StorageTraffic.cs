using System.Globalization;
using OrleansStream.Testing.Brokers;

namespace OrleansStream.Benchmarks.Availability;

/// <summary>What brokers have sent to storage and read from it so far, as they tell themselves: nothing between them and storage has to count it.</summary>
/// <param name="Blocks">Blocks of their lanes.</param>
/// <param name="BlockBytes">The bytes of those, padding included.</param>
/// <param name="SegmentBytes">Bytes of segments that were cut from blocks.</param>
/// <param name="ReadBytes">Bytes that were read back, mostly to cut segments.</param>
internal readonly record struct StorageTraffic(double Blocks, double BlockBytes, double SegmentBytes, double ReadBytes)
{
    public double MeanBlockBytes => BlockBytes / Math.Max(Blocks, 1);

    public static StorageTraffic operator -(StorageTraffic after, StorageTraffic before) =>
        new(after.Blocks - before.Blocks, after.BlockBytes - before.BlockBytes, after.SegmentBytes - before.SegmentBytes, after.ReadBytes - before.ReadBytes);

    public static async Task<StorageTraffic> ReadAsync(IEnumerable<BrokerProcess> brokers)
    {
        List<string> lines = [];
        foreach (var broker in brokers.Cast<OrleansStreamBroker>()) lines.AddRange((await broker.GetAsync("/metrics")).Split('\n'));
        return new StorageTraffic(
            Sum("orleansstream_storage_writes_total{kind=\"blocks\"}", lines),
            Sum("orleansstream_storage_written_bytes_total{kind=\"blocks\"}", lines),
            Sum("orleansstream_storage_written_bytes_total{kind=\"segments\"}", lines),
            Sum("orleansstream_blob_reads_received_bytes_total", lines));
    }

    // Of all brokers, and of all labels unless one is named.
    private static double Sum(string metric, IEnumerable<string> lines) =>
        lines.Where(line => line.StartsWith(metric, StringComparison.Ordinal)).Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
}
