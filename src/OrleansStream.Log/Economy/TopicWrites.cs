using System.Collections.Concurrent;
using OrleansStream.Log.Blocks;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Economy;

/// <summary>
/// Which topic storage was written to for. An operation that several topics share, as nearly every block is, is split among them by their bytes. Kept for those
/// who ask for it: it costs a look-up for each run of frames of a topic. Safe for any number of callers.
/// </summary>
public sealed class TopicWrites(TimeProvider time)
{
    private readonly ConcurrentDictionary<TopicId, TopicShare> _shares = new();

    /// <summary>Every topic that anything was written for, as of now.</summary>
    public IEnumerable<TopicSpending> All => _shares.Select(static pair => pair.Value.Read(pair.Key));

    /// <summary>An operation for one topic alone.</summary>
    public void Add(TopicId topic, long bytes) => ShareOf(topic).Add(1, bytes);

    /// <summary>A block that was written: one operation of all its frames.</summary>
    /// <param name="frames">Its directory.</param>
    /// <param name="storedBytes">Of the whole block: header, directory and padding are shared as the operation is.</param>
    public void Add(ReadOnlySpan<FrameEntry> frames, long storedBytes)
    {
        var total = 0L;
        foreach (ref readonly var frame in frames) total += frame.Length;

        // Frames of a topic often stand together.
        for (var first = 0; first < frames.Length;)
        {
            var topic = frames[first].Partition.Topic;
            var bytes = 0L;
            for (; first < frames.Length && frames[first].Partition.Topic == topic; first++) bytes += frames[first].Length;
            var share = (double)bytes / total;
            ShareOf(topic).Add(share, share * storedBytes);
        }
    }

    /// <summary>Forgets a topic that is there no more.</summary>
    public void Forget(TopicId topic) => _shares.TryRemove(topic, out _);

    private TopicShare ShareOf(TopicId topic) => _shares.TryGetValue(topic, out var share) ? share : _shares.GetOrAdd(topic, new TopicShare(time));

    private sealed class TopicShare(TimeProvider time)
    {
        private readonly Lock _lock = new();
        private readonly DecayingRate _rate = new(time);
        private double _operations;
        private double _bytes;

        public void Add(double operations, double bytes)
        {
            lock (_lock)
            {
                _operations += operations;
                _bytes += bytes;
                _rate.Add(operations);
            }
        }

        public TopicSpending Read(TopicId topic)
        {
            lock (_lock) return new TopicSpending(topic, _operations, _bytes, _rate.PerSecond());
        }
    }
}

/// <summary>What was written for a topic.</summary>
/// <param name="Topic">Which.</param>
/// <param name="Operations">Since the start; shared ones in part.</param>
/// <param name="Bytes">Since the start, with its part of what blocks have beside frames.</param>
/// <param name="OperationsPerSecond">Over the last minutes.</param>
public readonly record struct TopicSpending(TopicId Topic, double Operations, double Bytes, double OperationsPerSecond);
