using OrleansStream.Model.Records;

namespace OrleansStream.Log.Producers;

/// <summary>What is remembered of a batch to know it again.</summary>
/// <param name="BaseOffset">Where its first record lies.</param>
/// <param name="BaseSequence">The sequence of its first record.</param>
/// <param name="LastDelta">Its records less one: what leads from the first offset or sequence to the last.</param>
/// <param name="Timestamp">The max timestamp that was stored, in milliseconds since 1970; on topics with LogAppendTime the time of the append.</param>
internal readonly record struct AppendedBatch(long BaseOffset, int BaseSequence, int LastDelta, long Timestamp)
{
    public long LastOffset => BaseOffset + LastDelta;

    public int LastSequence => RecordBatchHeader.AddToSequence(BaseSequence, LastDelta);
}
