using System.Collections.Immutable;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Segments;

/// <summary>
/// The segments of one partition that are being cut: frames come in, whole segments go to the store. What it wrote and nobody may come to name is deleted
/// by its disposal. Used by one task.
/// </summary>
internal sealed class PartitionCut(CutParts parts, SplitPlan plan) : IAsyncDisposable
{
    private const int StepBytes = Limits.MiB;

    private readonly List<string> _unnamed = [];
    private readonly ImmutableArray<SegmentExtent>.Builder _segments = ImmutableArray.CreateBuilder<SegmentExtent>();
    private readonly int _maxBytes = Math.Min(parts.MaxBytes, plan.Handle?.Settings.SegmentBytes ?? int.MaxValue);
    private readonly long _maxMs = plan.Handle?.Settings.SegmentMs ?? long.MaxValue;
    private SegmentWriter? _open;

    /// <summary>The offset that is to come next.</summary>
    public Offset Next { get; private set; } = plan.From;

    /// <summary>Takes what the source has from <see cref="Next"/> on.</summary>
    /// <exception cref="LogException">A frame is missing, or storage failed.</exception>
    public async ValueTask AddAllAsync(IExtentReader extents, WalExtent source, CancellationToken cancellationToken)
    {
        using var frames = new FrameList();
        for (var at = Offset.Max(source.BaseOffset, Next); at <= source.LastOffset;)
        {
            frames.Dispose();
            await extents.ReadAsync(plan.Partition, source, at, StepBytes, frames, cancellationToken);
            if (frames.Count == 0) throw new LogException($"Partition {plan.Partition}: nothing was found at offset {at}, which stands in session {source.Session}, slots {source.FirstSlot} to {source.LastSlot}.");
            for (var i = 0; i < frames.Count; i++) await AddAsync(frames[i], cancellationToken);
            at = frames[frames.Count - 1].Entry.LastOffset + 1;
        }
    }

    /// <summary>Takes the frame, unless it was taken already or has expired. Its bytes are copied.</summary>
    /// <exception cref="LogException">A frame is missing before it, or storage failed.</exception>
    public async ValueTask AddAsync(LeasedFrame frame, CancellationToken cancellationToken)
    {
        if (frame.Entry.LastOffset < Next) return;
        if (frame.Entry.BaseOffset > Next)
            throw new LogException($"Partition {plan.Partition}: offsets {Next} to {frame.Entry.BaseOffset.Value - 1} were not found where the manifest or the lane index says they are.");

        Next = frame.Entry.LastOffset + 1;
        if (frame.Entry.LastOffset < plan.LogStart) return;
        if (_open is not null && IsFull(frame.Entry)) await WriteOpenAsync(cancellationToken);
        _open ??= new SegmentWriter(parts.Slabs, plan.Partition, plan.Epoch, parts.IndexIntervalBytes, parts.ClusterGeneration);
        _open.Add(frame.Entry, frame.Bytes.Span);
    }

    /// <summary>Writes what is left. All segments are durable on return, in offset order.</summary>
    public async ValueTask<ImmutableArray<SegmentExtent>> FinishAsync(CancellationToken cancellationToken)
    {
        if (_open is not null) await WriteOpenAsync(cancellationToken);
        return _segments.ToImmutable();
    }

    /// <summary>From here on a manifest write that is under way may name them: they are no longer this object's (rule M4).</summary>
    public void HandOver() => _unnamed.Clear();

    /// <summary>The manifest write is decided, and this is what stands: what it names in no way never will be named, and is deleted by the disposal.</summary>
    public void TakeBack(Manifest stands)
    {
        var named = stands.Extents.OfType<SegmentExtent>().Select(static segment => segment.Name).Concat(stands.PendingDelete).ToHashSet(StringComparer.Ordinal);
        _unnamed.AddRange(_segments.Select(static segment => segment.Name).Where(name => !named.Contains(name)));
    }

    public async ValueTask DisposeAsync()
    {
        _open?.Dispose();
        foreach (var name in _unnamed)
        {
            try
            {
                await parts.Objects.DeleteAsync(name, CancellationToken.None);
            }
            catch (LogException)
            {
                // The sweep finds it.
            }
        }
    }

    private bool IsFull(in FrameEntry next) =>
        _open!.Bytes + next.Length > _maxBytes || (_open.FirstTimestampMs >= 0 && next.MaxTimestampMs - _open.FirstTimestampMs > _maxMs);

    private async ValueTask WriteOpenAsync(CancellationToken cancellationToken)
    {
        using var writer = _open!;
        _open = null;
        if (parts.Space() < writer.Bytes) throw new LogException($"Partition {plan.Partition}: a segment of {writer.Bytes} bytes would take from the reserve of the disk.");
        try
        {
            _segments.Add(await writer.WriteAsync(parts.Objects, parts.NewUnique(), cancellationToken));
        }
        finally
        {
            // A write that failed may have left its object behind.
            if (writer.Name is { } name) _unnamed.Add(name);
        }
    }
}
