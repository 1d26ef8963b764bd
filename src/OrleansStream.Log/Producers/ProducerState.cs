using System.Runtime.CompilerServices;

namespace OrleansStream.Log.Producers;

/// <summary>One producer in one partition: its epoch, and its last batches in the order of their offsets. Linked to those that appended before and after it.</summary>
internal sealed class ProducerState(long id)
{
    /// <summary>An idempotent client has at most so many requests in flight, so a batch that it repeats is among them.</summary>
    public const int WindowBatches = 5;

    private Window _window;

    public long Id { get; } = id;

    public short Epoch { get; private set; } = -1;

    /// <summary>When the broker last appended for the producer, in milliseconds since 1970. Not a record's timestamp: whoever copies old records is not idle.</summary>
    public long LastAppendMs { get; private set; }

    /// <summary>1 to <see cref="WindowBatches"/>; 0 only before the first batch.</summary>
    public int BatchCount { get; private set; }

    public ReadOnlySpan<AppendedBatch> Batches => ((ReadOnlySpan<AppendedBatch>)_window)[..BatchCount];

    public AppendedBatch LastBatch => _window[BatchCount - 1];

    public ProducerState? Older { get; set; }

    public ProducerState? Newer { get; set; }

    /// <summary>Adds the next batch. A new epoch begins with an empty window; a full window loses its oldest batch.</summary>
    public void Add(short epoch, in AppendedBatch batch, long nowMs)
    {
        if (epoch != Epoch) BatchCount = 0;
        if (BatchCount == WindowBatches)
        {
            Span<AppendedBatch> all = _window;
            all[1..].CopyTo(all);
            BatchCount--;
        }

        _window[BatchCount++] = batch;
        Epoch = epoch;
        LastAppendMs = Math.Max(LastAppendMs, nowMs); // A clock that was set back must not make a producer older.
    }

    /// <summary>Adds a batch that was found in the log, in whatever order batches are found. What remains is the same as after <see cref="Add"/> in the order of offsets.</summary>
    public void Insert(short epoch, in AppendedBatch batch)
    {
        if (BatchCount > 0 && epoch != Epoch)
        {
            if (batch.BaseOffset < LastBatch.BaseOffset) return; // Of an epoch that is over.
            BatchCount = 0;
        }

        Epoch = epoch;
        Span<AppendedBatch> all = _window;
        var at = BatchCount;
        while (at > 0 && all[at - 1].BaseOffset > batch.BaseOffset) at--;
        if (at > 0 && all[at - 1].BaseOffset == batch.BaseOffset) return; // A copy.
        if (BatchCount < WindowBatches)
        {
            all[at..BatchCount++].CopyTo(all[(at + 1)..]);
        }
        else
        {
            if (at == 0) return;
            all[1..at--].CopyTo(all);
        }

        all[at] = batch;
    }

    [InlineArray(WindowBatches)]
    private struct Window
    {
        private AppendedBatch _first;
    }
}
