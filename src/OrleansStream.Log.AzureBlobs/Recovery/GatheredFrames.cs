using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Producers;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;

namespace OrleansStream.Log.AzureBlobs.Recovery;

/// <summary>Gathers which frames some blocks of a session have, and what they say of producers. Blocks come in slot order. Not thread safe.</summary>
internal sealed class GatheredFrames(SessionId session)
{
    /// <summary>As many as a digest speaks of: a digest is what an extent is made of where there is one.</summary>
    private const int MaxExtentSlots = 256;

    // Extents go into the manifest of whoever claims the partition, and those of all partitions into the summary. A lane that writes much gets fewer and longer ones.
    private const int MaxExtents = 128;
    private const int FewExtents = 8;
    private const int AllExtents = 100_000;

    private readonly Dictionary<PartitionId, Gathered> _partitions = [];

    public bool IsEmpty => _partitions.Count == 0;

    /// <summary>Adds a block.</summary>
    /// <param name="slot">Where it stands.</param>
    /// <param name="frames">Its directory, verified.</param>
    /// <param name="block">Its bytes.</param>
    /// <param name="isVerified">Whether the bytes are known to be as they were written. Else each frame is verified, and one that is damaged tells nothing of producers: whoever reads it finds that out.</param>
    public void Add(Slot slot, ReadOnlySpan<FrameEntry> frames, ReadOnlySpan<byte> block, bool isVerified)
    {
        foreach (ref readonly var frame in frames)
        {
            var gathered = Of(frame.Partition);
            gathered.Runs.Add(session, frame, slot);
            var bytes = block.Slice(frame.Position, frame.Length);
            var isWhole = frame.Kind == FrameKind.Records && (isVerified || Crc32C.Hash(bytes) == frame.Checksum);
            if (isWhole && RecordBatchHeader.TryRead(bytes, out var header) && IsOf(frame, header)) gathered.Producers?.Add(header);
            else gathered.Producers = null;
        }
    }

    /// <summary>Adds what a digest says of its slots, in their place among the blocks.</summary>
    public void Add(SlotDigest digest)
    {
        foreach (var (partition, frames) in digest.Partitions)
        {
            var gathered = Of(partition);
            foreach (var run in frames.Extents) gathered.Runs.Extend(run);
            if (frames.Producers is { } producers) gathered.Producers?.Add(producers);
            else gathered.Producers = null;
        }
    }

    public IReadOnlyDictionary<PartitionId, SessionFrames> ToPartitions()
    {
        var wanted = Math.Clamp(AllExtents / Math.Max(1, _partitions.Count), FewExtents, MaxExtents);
        return _partitions.ToDictionary(static entry => entry.Key, entry => new SessionFrames(entry.Value.Runs.ToExtents(wanted), entry.Value.Producers));
    }

    private static bool IsOf(in FrameEntry frame, in RecordBatchHeader header) => header.BaseOffset == frame.BaseOffset.Value && header.LastOffset == frame.LastOffset.Value;

    private Gathered Of(PartitionId partition)
    {
        if (!_partitions.TryGetValue(partition, out var gathered)) _partitions[partition] = gathered = new Gathered();
        return gathered;
    }

    private sealed class Gathered
    {
        public RecoveredRuns Runs { get; } = new(MaxExtentSlots);

        /// <summary>Null once a frame was no batch of records: a journal has no producers.</summary>
        public ProducerDelta? Producers { get; set; } = new();
    }
}
