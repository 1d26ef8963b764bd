using OrleansStream.Log.Blocks;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Serving;

/// <summary>
/// The in-process object through which connections append to and read from a partition that this broker owns. Safe for any number of callers.
/// It ends when its epoch is closed, its lane ends or its topic is deleted; every call then answers with the error that tells the client what to do.
/// </summary>
public sealed class PartitionHandle
{
    public PartitionId Id => throw new NotImplementedException();

    public LeaderEpoch Epoch => throw new NotImplementedException();

    public bool IsOwner => throw new NotImplementedException();

    public Offset LogStart => throw new NotImplementedException();

    /// <summary>The end of what is durable: the offset after the last record that anyone may read.</summary>
    public Offset HighWatermark => throw new NotImplementedException();

    /// <summary>The end of what a reader of committed records may see; the high watermark while no transaction is open.</summary>
    public Offset LastStableOffset => throw new NotImplementedException();

    /// <summary>Stored bytes of the partition's log.</summary>
    public long SizeBytes => throw new NotImplementedException();

    /// <summary>
    /// Validates the batch, gives it its offsets and its place in the lane, and copies it there: one synchronous step. The completion is called
    /// exactly once, later or before the call returns, unless the answer is <see cref="AppendStatus.Full"/>.
    /// </summary>
    /// <param name="batch">What the client sent for this partition. Borrowed for the call.</param>
    /// <param name="context">Facts of the request that bear on validation.</param>
    /// <param name="completion">Told when the batch is durable or refused.</param>
    /// <param name="token">Given to the completion as it is.</param>
    public AppendStatus Append(ReadOnlySpan<byte> batch, in AppendContext context, IAppendCompletion completion, int token) => throw new NotImplementedException();

    /// <summary>Appends state changes of a journal partition; each takes one offset. Like <see cref="Append"/> otherwise.</summary>
    public AppendStatus AppendJournal(ReadOnlySpan<byte> changes, int count, IAppendCompletion completion, int token) => throw new NotImplementedException();

    /// <summary>Completes when an append that was answered <see cref="AppendStatus.Full"/> may be tried again.</summary>
    public ValueTask RoomAsync(CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>
    /// Reads whole batches from the one that holds <paramref name="from"/>, up to <paramref name="maxBytes"/>; with <paramref name="atLeastOne"/> the first
    /// batch whatever its size. Completes synchronously when the bytes are in the tail cache. Leases in <paramref name="into"/> are the caller's.
    /// </summary>
    public ValueTask<ReadOutcome> ReadAsync(ReadRequest request, FrameList into, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>How many bytes a reader could have from this offset on; -1 if the offset is out of range. An estimate is allowed for bytes that are not cached.</summary>
    public long BytesFrom(Offset from) => throw new NotImplementedException();

    /// <summary>First record with this timestamp or a later one, below the high watermark.</summary>
    public ValueTask<TimestampMatch> FindTimestampAsync(long timestampMs, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>The record with the largest timestamp, below the high watermark (KIP-734).</summary>
    public ValueTask<TimestampMatch> FindMaxTimestampAsync(CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>The largest known epoch that is not above the asked one, and where it ends (OffsetForLeaderEpoch); epoch -1 and offset -1 if there is none.</summary>
    public EpochEnd EndOfEpoch(LeaderEpoch epoch) => throw new NotImplementedException();

    /// <summary>The epoch that the record at the offset was appended in; -1 if unknown.</summary>
    public LeaderEpoch EpochAt(Offset offset) => throw new NotImplementedException();

    /// <summary>Puts changed topic configs into force, for the next append.</summary>
    public void Configure(PartitionSettings settings) => throw new NotImplementedException();
}
