using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Reading;

/// <summary>Who reads on where, as far as it is remembered: those who read last.</summary>
internal sealed class ReadStreams(int maxAheadBytes)
{
    /// <summary>Readers that are remembered; one that is forgotten is read ahead of anew from the start.</summary>
    public const int MaxStreams = 1_000;

    private const int MaxPerPartition = 16;

    private readonly Lock _gate = new();
    private readonly Dictionary<PartitionId, List<LinkedListNode<(PartitionId Partition, ReadStream Stream)>>> _byPartition = [];
    private readonly LinkedList<(PartitionId Partition, ReadStream Stream)> _byUse = [];

    public int Count
    {
        get
        {
            lock (_gate) return _byUse.Count;
        }
    }

    /// <summary>The reader that goes on at the offset; a new one if none is known.</summary>
    public ReadStream Of(PartitionId partition, Offset from)
    {
        lock (_gate)
        {
            if (!_byPartition.TryGetValue(partition, out var streams)) _byPartition[partition] = streams = new(1);
            foreach (var known in streams)
            {
                if (!known.Value.Stream.Continues(from)) continue;

                _byUse.Remove(known);
                _byUse.AddLast(known);
                return known.Value.Stream;
            }

            if (streams.Count == MaxPerPartition) Forget(streams[0]);
            var stream = new ReadStream(maxAheadBytes);
            streams.Add(_byUse.AddLast((partition, stream)));
            if (_byUse.Count > MaxStreams) Forget(_byUse.First!);
            return stream;
        }
    }

    private void Forget(LinkedListNode<(PartitionId Partition, ReadStream Stream)> oldest)
    {
        _byUse.Remove(oldest);
        var streams = _byPartition[oldest.Value.Partition];
        streams.Remove(oldest);
        if (streams.Count == 0) _byPartition.Remove(oldest.Value.Partition);
    }
}
