using System.Diagnostics.Metrics;
using OrleansStream.Log.AzureBlobs.Reading;
using OrleansStream.Model;

namespace OrleansStream.Log.AzureBlobs.Tests.Reading;

public sealed class BlobReadingMetricsTests
{
    [Fact]
    public async Task Reading_shows_in_what_it_holds_and_what_it_asked_for()
    {
        using var meters = new Meters();
        await using var bench = new ReadingBench(meters: meters);
        bench.Append(0, 0, 10);
        bench.Seal();
        for (var read = 0; read < 3; read++) await bench.ReadAsync(bench.Extents()[0], 0);

        var shown = meters.Collect();

        Assert.Equal(1, shown["orleansstream.blob_reads.requests hot"]);
        Assert.Equal(0, shown["orleansstream.blob_reads.requests cold"]);
        Assert.Equal(bench.Blobs[bench.NameOf(0)].Length, shown["orleansstream.blob_reads.received hot"]);
        Assert.Equal(3, shown["orleansstream.blob_reads.windows.hits"]);
        Assert.Equal((1, 2), (shown["orleansstream.blob_reads.directories.misses"], shown["orleansstream.blob_reads.directories.hits"]));
        Assert.Equal((4L * Limits.KiB, 64L * Limits.MiB), (shown["orleansstream.blob_reads.cache"], shown["orleansstream.blob_reads.cache.bound"]));
        Assert.InRange(shown["orleansstream.blob_reads.directories"], 1, shown["orleansstream.blob_reads.directories.bound"]);
        Assert.Equal((0L, 16L), (shown["orleansstream.blob_reads.running hot"], shown["orleansstream.blob_reads.running.bound hot"]));
        Assert.Equal((0L, 8L * Limits.MiB), (shown["orleansstream.blob_reads.memory background"], shown["orleansstream.blob_reads.memory.bound background"]));
    }

    private sealed class Meters : IMeterFactory
    {
        private readonly List<Meter> _meters = [];

        public Meter Create(MeterOptions options)
        {
            var meter = new Meter(options.Name);
            _meters.Add(meter);
            return meter;
        }

        public Dictionary<string, long> Collect()
        {
            var shown = new Dictionary<string, long>();
            using var listener = new MeterListener();
            listener.InstrumentPublished = (instrument, self) =>
            {
                if (_meters.Contains(instrument.Meter)) self.EnableMeasurementEvents(instrument);
            };
            listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => shown[tags.Length == 0 ? instrument.Name : $"{instrument.Name} {tags[0].Value}"] = value);
            listener.Start();
            listener.RecordObservableInstruments();
            return shown;
        }

        public void Dispose()
        {
            foreach (var meter in _meters) meter.Dispose();
        }
    }
}
