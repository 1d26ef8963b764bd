using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Serving;

/// <summary>An append that has its offset and waits to be durable, and behind it the appends that turned out to be its duplicates. Pooled; guarded by the gate of its <see cref="PartitionAppender"/> while it stands in that list.</summary>
internal sealed class PendingAppend
{
    public IAppendCompletion? Completion { get; set; }

    public int Token { get; set; }

    public Offset BaseOffset { get; set; }

    public long LogAppendTimeMs { get; set; }

    /// <summary>The next one of its partition, by offset.</summary>
    public PendingAppend? Next { get; set; }

    /// <summary>The first of a chain, by <see cref="Next"/>, of appends that are answered as this one is.</summary>
    public PendingAppend? Duplicates { get; set; }

    public void Empty()
    {
        Completion = null;
        Next = null;
        Duplicates = null;
    }
}
