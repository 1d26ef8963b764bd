using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Files.Wal;

/// <summary>Gathers, while a file is written, what its footer will say (rule F5). Its writer alone touches it, until the file is full.</summary>
internal sealed class FooterBuilder(SessionId session)
{
    private readonly List<Runs> _partitions = [];

    /// <summary>What the file's first block says of the block before it.</summary>
    public uint FirstPrevious { get; private set; }

    /// <summary>Checksum of the last block.</summary>
    public uint LastChecksum { get; private set; }

    /// <summary>The highest durable end that a block of the file names.</summary>
    public Slot DurableEnd { get; private set; }

    public int PartitionCount => _partitions.Count;

    public IEnumerable<(PartitionId Partition, IReadOnlyList<WalExtent> Extents)> Partitions =>
        _partitions.Select(static runs => (runs.Partition, (IReadOnlyList<WalExtent>)runs.Extents));

    public void Add(LaneBlock block, bool isFirst)
    {
        BlockCodec.TryReadHeader(block.Stored.Span, out var header, out _);
        if (isFirst) FirstPrevious = header.PreviousChecksum;
        LastChecksum = header.Checksum;
        DurableEnd = header.DurableEnd;
        var frames = block.Frames;
        for (var i = 0; i < frames.Length; i++)
        {
            var partition = block.PartitionAt(i);
            // Kept at the partition, so that a frame costs no look-up.
            if (partition.StoreState is not Runs runs || runs.File != this) partition.StoreState = runs = AddPartition(partition.Partition);
            runs.Add(session, frames[i], block.Slot);
        }
    }

    /// <summary>
    /// Parts from what it gathered. A partition that is idle holds on to its part until it is written to again, and must not keep alive through it what
    /// the file had of all others.
    /// </summary>
    public void Release()
    {
        foreach (var runs in _partitions) runs.Release();
    }

    private Runs AddPartition(PartitionId partition)
    {
        var runs = new Runs(this, partition);
        _partitions.Add(runs);
        return runs;
    }

    private sealed class Runs(FooterBuilder file, PartitionId partition)
    {
        private const int RunBytes = 64 * Limits.KiB;

        private readonly List<WalExtent> _full = [];
        private Offset _base;
        private Slot _firstSlot;
        private Slot _lastSlot;
        private Offset _last;
        private long _bytes = -1;
        private long _maxTimestampMs;
        private SessionId _session;

        /// <summary>Null once the file is closed. Its writer has gone over to the next one by then, and only compares.</summary>
        public FooterBuilder? File { get; private set; } = file;

        public PartitionId Partition => partition;

        public List<WalExtent> Extents => [.. _full, Current()];

        public void Add(SessionId session, in FrameEntry frame, Slot slot)
        {
            if (_bytes < 0 || _bytes >= RunBytes || frame.BaseOffset != _last + 1)
            {
                if (_bytes >= 0) _full.Add(Current());
                _session = session;
                _base = frame.BaseOffset;
                _firstSlot = slot;
                _bytes = 0;
                _maxTimestampMs = frame.MaxTimestampMs;
            }

            _last = frame.LastOffset;
            _lastSlot = slot;
            _bytes += frame.Length;
            if (frame.MaxTimestampMs > _maxTimestampMs) _maxTimestampMs = frame.MaxTimestampMs;
        }

        public void Release()
        {
            File = null;
            _full.Clear();
            _full.TrimExcess();
        }

        private WalExtent Current() => new(_session, _firstSlot, _lastSlot, _base, _last, _bytes, _maxTimestampMs);
    }
}
