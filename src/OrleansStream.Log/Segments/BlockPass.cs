using System.Collections.Immutable;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Segments;

/// <summary>
/// One pass over the blocks that some plans are about, in the order of slots: each block is read once, for all of them, and its frames are handed on as they
/// stand there. Nearly always that is the order of their offsets. A plan for which it is not, or of which something could not be read, is left to be read by
/// its extents, which finds carried frames and copies wherever they stand (rules S4, R2). Used by one task.
/// </summary>
internal sealed class BlockPass
{
    // Blocks that are in memory at once: the storage is busy with one while another is cut.
    private const int BlocksAtOnce = 2;

    private readonly List<Reading> _readings;
    private readonly Dictionary<PartitionId, Reading> _byPartition;
    private readonly SessionId _current;

    /// <param name="plans">Each of another partition, with those of its sources that are to be read, by offset.</param>
    /// <param name="current">The session that comes last: what it has follows on what dead ones have.</param>
    public BlockPass(IEnumerable<(SplitPlan Plan, ImmutableArray<WalExtent> Sources)> plans, SessionId current)
    {
        _readings = [.. plans.Select(static one => new Reading(one.Plan, one.Sources))];
        _byPartition = _readings.ToDictionary(static reading => reading.Plan.Partition);
        _current = current;
    }

    /// <summary>Plans whose frames did not all come, and in order, and that nobody has ended.</summary>
    public IEnumerable<SplitPlan> Irregular => _readings.Where(static reading => !reading.IsOver && !reading.IsWhole).Select(static reading => reading.Plan);

    /// <summary>Hands on every frame of the plans' sources.</summary>
    /// <param name="blocks">Reads them.</param>
    /// <param name="take">Takes a frame, which is leased for the call. False if the plan is over.</param>
    /// <param name="cancellationToken">Ends the pass.</param>
    public async ValueTask RunAsync(IBlockFrames blocks, Func<SplitPlan, LeasedFrame, ValueTask<bool>> take, CancellationToken cancellationToken)
    {
        var reads = new Queue<(SessionId Session, Slot Slot, Task<FrameList> Frames)>();
        using var next = Blocks().GetEnumerator();
        var isMore = next.MoveNext();
        try
        {
            while (isMore || reads.Count > 0)
            {
                for (; isMore && reads.Count < BlocksAtOnce; isMore = next.MoveNext())
                {
                    var (session, slot) = next.Current;
                    reads.Enqueue((session, slot, ReadAsync(blocks, session, slot, cancellationToken)));
                }

                var (ofSession, at, read) = reads.Dequeue();
                if (await TryGetAsync(read) is not { } frames) LeaveOut(ofSession, at);
                else await HandOnAsync(frames, (ofSession, at), take);
            }
        }
        finally
        {
            foreach (var (_, _, left) in reads) (await TryGetAsync(left, endsQuietly: true))?.Dispose();
        }
    }

    // What failed is tried once more: one request that was lost would have every plan over the block read again, each by itself. What is not there will not be.
    private async Task<FrameList> ReadAsync(IBlockFrames blocks, SessionId session, Slot slot, CancellationToken cancellationToken)
    {
        try
        {
            return await ReadOnceAsync(blocks, session, slot, cancellationToken);
        }
        catch (LogException failed) when (failed is not MissingObjectException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return await ReadOnceAsync(blocks, session, slot, cancellationToken);
        }
    }

    private async Task<FrameList> ReadOnceAsync(IBlockFrames blocks, SessionId session, Slot slot, CancellationToken cancellationToken)
    {
        var frames = new FrameList();
        try
        {
            await blocks.ReadAsync(session, slot, (in FrameEntry frame) => _byPartition.TryGetValue(frame.Partition, out var reading) && !reading.IsOver && !reading.IsIrregular && reading.Find(frame, session, slot) >= 0, frames, cancellationToken);
            return frames;
        }
        catch
        {
            frames.Dispose();
            throw;
        }
    }

    private static async ValueTask<FrameList?> TryGetAsync(Task<FrameList> read, bool endsQuietly = false)
    {
        try
        {
            return await read;
        }
        catch (LogException)
        {
            return null; // Whoever reads by extents hears of it, for each partition what concerns it.
        }
        catch (OperationCanceledException) when (endsQuietly)
        {
            return null;
        }
    }

    private async ValueTask HandOnAsync(FrameList frames, (SessionId Session, Slot Slot) at, Func<SplitPlan, LeasedFrame, ValueTask<bool>> take)
    {
        using (frames)
        {
            for (var index = 0; index < frames.Count; index++)
            {
                var frame = frames[index];
                var reading = _byPartition[frame.Entry.Partition];
                if (reading.TryPass(frame.Entry, at.Session, at.Slot) && !await take(reading.Plan, frame)) reading.IsOver = true;
            }
        }
    }

    private void LeaveOut(SessionId session, Slot slot)
    {
        foreach (var reading in _readings)
        {
            if (reading.Covers(session, slot)) reading.IsIrregular = true;
        }
    }

    private IEnumerable<(SessionId Session, Slot Slot)> Blocks()
    {
        var ranges = _readings.SelectMany(static reading => reading.Sources)
            .OrderBy(source => source.Session == _current).ThenBy(static source => source.Session.Unique).ThenBy(static source => source.FirstSlot);
        SessionId? session = null;
        var next = Slot.Zero;
        foreach (var range in ranges)
        {
            var slot = range.Session == session && next > range.FirstSlot ? next : range.FirstSlot;
            for (; slot <= range.LastSlot; slot = slot.Next) yield return (range.Session, slot);
            (session, next) = (range.Session, slot);
        }
    }

    /// <summary>How far a plan has come.</summary>
    private sealed class Reading(SplitPlan plan, ImmutableArray<WalExtent> sources)
    {
        // Of each source, the offset that is to come next.
        private readonly Offset[] _next = [.. sources.Select(static source => source.BaseOffset)];

        public SplitPlan Plan => plan;

        public ImmutableArray<WalExtent> Sources => sources;

        /// <summary>Whoever takes its frames wants no more of them.</summary>
        public bool IsOver { get; set; }

        public bool IsIrregular { get; set; }

        public bool IsWhole => !IsIrregular && !_next.Where((next, index) => next <= sources[index].LastOffset).Any();

        public bool Covers(SessionId session, Slot slot) => sources.Any(source => source.Session == session && source.FirstSlot <= slot && slot <= source.LastSlot);

        /// <summary>The source that the frame is of; -1 if it is of none: a neighbour's, or from an earlier time of the partition in the session.</summary>
        public int Find(in FrameEntry frame, SessionId session, Slot slot)
        {
            int low = 0, high = sources.Length;
            while (low < high)
            {
                var middle = (low + high) >>> 1;
                if (sources[middle].LastOffset < frame.BaseOffset) low = middle + 1;
                else high = middle;
            }

            if (low == sources.Length) return -1;
            var found = sources[low];
            return found.BaseOffset <= frame.BaseOffset && frame.LastOffset <= found.LastOffset && found.Session == session && found.FirstSlot <= slot && slot <= found.LastSlot ? low : -1;
        }

        /// <summary>Whether the frame is the next one of its source. If not, something is missing before it, or it is a copy: then extents tell what counts.</summary>
        public bool TryPass(in FrameEntry frame, SessionId session, Slot slot)
        {
            if (IsOver || IsIrregular) return false;
            ref var next = ref _next[Find(frame, session, slot)];
            IsIrregular = frame.BaseOffset != next;
            next = frame.LastOffset + 1;
            return !IsIrregular;
        }
    }
}
