using System.Diagnostics.Metrics;
using OrleansStream.Log.Economy;

namespace OrleansStream.Log.Lanes;

/// <summary>What a lane's writer tells of its flushes: once for each flush, never for a frame. Shared by all lanes of a broker, one after the other.</summary>
public sealed class LaneMetrics : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string Name = "OrleansStream.Lane";

    private static readonly (LatencyClass Class, KeyValuePair<string, object?> Label)[] Classes =
    [
        (LatencyClass.Low, new("class", "low")),
        (LatencyClass.Balanced, new("class", "balanced")),
        (LatencyClass.Economy, new("class", "economy")),
    ];

    private readonly Meter _meter;
    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _linger;
    private readonly Histogram<long> _size;
    private readonly Counter<long> _blocks;
    private readonly Counter<long> _frames;

    private readonly TopicWrites? _topics;

    /// <param name="meters">Where the meter is made; null for one of its own.</param>
    /// <param name="topics">Told of each flush where its operations are paid for, if somebody wants them by topic.</param>
    public LaneMetrics(IMeterFactory? meters = null, TopicWrites? topics = null)
    {
        _meter = meters?.Create(Name) ?? new Meter(Name);
        _topics = topics;
        _duration = _meter.CreateHistogram<double>("orleansstream.lane.flush.duration", "s", "From the beginning of a flush to its bytes being durable.");
        _linger = _meter.CreateHistogram<double>("orleansstream.lane.linger.duration", "s", "How long a block waited from its first frame to the beginning of its flush.");
        _size = _meter.CreateHistogram<long>("orleansstream.lane.flush.size", "By", "Bytes of a flush, padding included.");
        _blocks = _meter.CreateCounter<long>("orleansstream.lane.blocks", "{block}", "Blocks that were written.");
        _frames = _meter.CreateCounter<long>("orleansstream.lane.frames", "{frame}", "Frames that were written.");
    }

    /// <summary>Begins to tell how long frames of each class wait for company at the most, with what the write budget and the service make of it.</summary>
    /// <param name="current">The lane of the present session.</param>
    public void ObserveLinger(Func<Lane> current) => _meter.CreateObservableGauge(
        "orleansstream.lane.linger", () => Classes.Select(one => new Measurement<double>(current().LingerOf(one.Class).TotalSeconds, one.Label)), "s", "How long frames wait for company at the most, by latency class.");

    public void Dispose() => _meter.Dispose();

    internal void Flushed(TimeProvider time, long began, long ended, ReadOnlySpan<LaneBlock> blocks)
    {
        if (_topics is not null)
        {
            foreach (var block in blocks) _topics.Add(block.Frames, block.Stored.Length);
        }

        if (!_duration.Enabled) return;

        var bytes = 0L;
        var frames = 0L;
        foreach (var block in blocks)
        {
            bytes += block.Stored.Length;
            frames += block.Count;
            _linger.Record(time.GetElapsedTime(block.Block.OpenedAt, began).TotalSeconds);
        }

        _duration.Record(time.GetElapsedTime(began, ended).TotalSeconds);
        _size.Record(bytes);
        _blocks.Add(blocks.Length);
        _frames.Add(frames);
    }
}
