using System.Diagnostics.Metrics;

namespace OrleansStream.Log.Lanes;

/// <summary>What a lane's writer tells of its flushes: once for each flush, never for a frame. Shared by all lanes of a broker, one after the other.</summary>
public sealed class LaneMetrics : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string Name = "OrleansStream.Lane";

    private readonly Meter _meter = new(Name);
    private readonly Histogram<double> _duration;
    private readonly Histogram<long> _size;
    private readonly Counter<long> _blocks;
    private readonly Counter<long> _frames;

    public LaneMetrics()
    {
        _duration = _meter.CreateHistogram<double>("orleansstream.lane.flush.duration", "s", "From the beginning of a flush to its bytes being durable.");
        _size = _meter.CreateHistogram<long>("orleansstream.lane.flush.size", "By", "Bytes of a flush, padding included.");
        _blocks = _meter.CreateCounter<long>("orleansstream.lane.blocks", "{block}", "Blocks that were written.");
        _frames = _meter.CreateCounter<long>("orleansstream.lane.frames", "{frame}", "Frames that were written.");
    }

    public void Dispose() => _meter.Dispose();

    internal void Flushed(TimeSpan took, ReadOnlySpan<LaneBlock> blocks)
    {
        if (!_duration.Enabled) return;

        var bytes = 0L;
        var frames = 0L;
        foreach (var block in blocks)
        {
            bytes += block.Stored.Length;
            frames += block.Count;
        }

        _duration.Record(took.TotalSeconds);
        _size.Record(bytes);
        _blocks.Add(blocks.Length);
        _frames.Add(frames);
    }
}
