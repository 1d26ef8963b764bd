using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Producers;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;

namespace OrleansStream.Log.Serving;

/// <summary>
/// The in-process object through which connections append to and read from a partition that this broker owns. Safe for any number of callers.
/// It ends when its epoch is closed, its lane ends or its topic is deleted; every call then answers with the error that tells the client what to do.
/// </summary>
public sealed class PartitionHandle
{
    private readonly ServingParts _parts;
    private readonly ILane _lane;
    private readonly PartitionAppender _appender;
    private readonly LogReader _reader;
    private PartitionSettings _settings;
    private HandleTable? _table;
    private SemaphoreSlim? _edits;
    private long _lastUsed;

    /// <param name="parts">What all handles of the broker share.</param>
    /// <param name="lane">The lane of the session that the manifest names as owner. The handle never outlives it.</param>
    /// <param name="start">From where it goes on. Serving begins when <see cref="HandleTable.TryPublish"/> has let it.</param>
    public PartitionHandle(ServingParts parts, ILane lane, PartitionStart start)
    {
        _parts = parts;
        _lane = lane;
        _settings = start.Settings;
        Id = start.Manifest.Partition;
        Epoch = start.Manifest.Epoch;
        Published = new PublishedLog(parts.Tail, start.Manifest, start.LogEnd, ClosedLog.Size(start.Manifest, lane));
        _appender = new PartitionAppender(this, parts, lane, start);
        _reader = new LogReader(Id, parts, lane, Published)
        {
            // An edit that changes nothing: what it reads comes into force, or closes the handle.
            Reload = parts.Manifests is { } editor ? async token => await EditManifestAsync(editor, static _ => null, token) : null,
        };
        Touch();
    }

    public PartitionId Id { get; }

    public LeaderEpoch Epoch { get; }

    /// <summary>The session that it appends to.</summary>
    public SessionId Session => _lane.Session;

    /// <summary>Whether it serves; false once it was closed.</summary>
    public bool IsOwner => Published.Closed == ErrorCode.None;

    /// <summary>None while it serves; otherwise what every call answers.</summary>
    public ErrorCode Closed => Published.Closed;

    public Offset LogStart => Published.LogStart;

    /// <summary>The end of what is durable: the offset after the last record that anyone may read.</summary>
    public Offset HighWatermark => Published.HighWatermark;

    /// <summary>The end of what a reader of committed records may see; the high watermark while no transaction is open.</summary>
    public Offset LastStableOffset => Published.LastStableOffset;

    /// <summary>Stored bytes of the partition's log.</summary>
    public long SizeBytes => Published.SizeBytes;

    /// <summary>The newest manifest that this broker knows of the partition. Never a base for a write: those read first (rule M1).</summary>
    public Manifest Manifest => Published.Manifest;

    public PartitionSettings Settings => Volatile.Read(ref _settings);

    /// <summary>For how long nobody appended, read or waited; what closing idle partitions goes by (<c>Partitions:IdleClose</c>).</summary>
    public TimeSpan IdleFor => Published.HasWatchers ? TimeSpan.Zero : _parts.Time.GetElapsedTime(Volatile.Read(ref _lastUsed));

    internal PublishedLog Published { get; }

    internal bool IsPublished => Volatile.Read(ref _table) is not null;

    /// <summary>
    /// Validates the batch, gives it its offsets and its place in the lane, and copies it there: one synchronous step. The completion is called
    /// exactly once, later or before the call returns, unless the answer is <see cref="AppendStatus.Full"/>.
    /// </summary>
    /// <param name="batch">What the client sent for this partition. Borrowed for the call.</param>
    /// <param name="context">Facts of the request that bear on validation.</param>
    /// <param name="completion">Told when the batch is durable or refused.</param>
    /// <param name="token">Given to the completion as it is.</param>
    public AppendStatus Append(ReadOnlySpan<byte> batch, in AppendContext context, IAppendCompletion completion, int token)
    {
        Touch();
        if (Closed is var closed && closed != ErrorCode.None) return Refuse(closed, null, -1, completion, token);

        var nowMs = _parts.Time.GetUtcNow().ToUnixTimeMilliseconds();
        var verdict = BatchValidator.Validate(batch, Settings.RulesFor(context, _parts.Validation, nowMs));
        if (!verdict.IsAccepted) return Refuse(verdict.Error, verdict.Message, verdict.RecordIndex, completion, token);
        if (verdict.Header.IsTransactional)
            return Refuse(ErrorCode.TransactionalIdAuthorizationFailed, "Transactions are not offered yet.", -1, completion, token);
        return _appender.Append(batch, verdict, nowMs, completion, token);
    }

    /// <summary>Appends state changes of a journal partition; each takes one offset. Like <see cref="Append"/> otherwise.</summary>
    public AppendStatus AppendJournal(ReadOnlySpan<byte> changes, int count, IAppendCompletion completion, int token)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        Touch();
        if (Closed is var closed && closed != ErrorCode.None) return Refuse(closed, null, -1, completion, token);
        return changes.Length > BlockLayout.MaxFrameBytes
            ? Refuse(ErrorCode.MessageTooLarge, $"The changes have {changes.Length} bytes; at most {BlockLayout.MaxFrameBytes} go together.", -1, completion, token)
            : _appender.AppendJournal(changes, count, completion, token);
    }

    /// <summary>Whether this process stood still and has not yet found out whether its session goes on: nothing that is known here may be told meanwhile (rule W2).</summary>
    public bool IsStalled => _parts.IsStalled();

    /// <summary>Completes when an append that was answered <see cref="AppendStatus.Full"/> may be tried again.</summary>
    public ValueTask RoomAsync(CancellationToken cancellationToken) => _lane.RoomAsync(cancellationToken);

    /// <summary>
    /// Reads whole batches from the one that holds the wanted offset, up to the bytes asked for; the first batch whatever its size if at least one is
    /// asked for. Completes synchronously when the bytes are in the tail cache. What could not be read from storage is KAFKA_STORAGE_ERROR,
    /// after a second try; the only exception is that of the cancellation.
    /// </summary>
    /// <param name="request">What is wanted.</param>
    /// <param name="into">Empty. Its leases are the caller's, also after an exception.</param>
    /// <param name="cancellationToken">Ends a read of storage.</param>
    public ValueTask<ReadOutcome> ReadAsync(ReadRequest request, FrameList into, CancellationToken cancellationToken)
    {
        Touch();
        if (IsStalled) return new(LogReader.Failure(ErrorCode.NotLeaderOrFollower));
        return _reader.ReadAsync(request, _appender.LogEnd, into, cancellationToken);
    }

    /// <summary>How many bytes a reader could have from this offset on; -1 if the offset is out of range. An estimate is allowed for bytes that are not cached.</summary>
    public long BytesFrom(Offset from) => from > _appender.LogEnd ? -1 : Published.BytesFrom(from);

    /// <summary>First record with this timestamp or a later one, below the high watermark.</summary>
    public ValueTask<TimestampMatch> FindTimestampAsync(long timestampMs, CancellationToken cancellationToken) =>
        FoundAsync(new TimestampSearch(Id, _parts, Published, _reader).FirstAsync(timestampMs, cancellationToken));

    /// <summary>The record with the largest timestamp, below the high watermark (KIP-734).</summary>
    public ValueTask<TimestampMatch> FindMaxTimestampAsync(CancellationToken cancellationToken) =>
        FoundAsync(new TimestampSearch(Id, _parts, Published, _reader).LargestAsync(cancellationToken));

    /// <summary>The largest known epoch that is not above the asked one, and where it ends (OffsetForLeaderEpoch); epoch -1 and offset -1 if there is none.</summary>
    public EpochEnd EndOfEpoch(LeaderEpoch epoch) => EpochHistory.EndOf(Manifest.Epochs, epoch, HighWatermark);

    /// <summary>The epoch that the record at the offset was appended in; -1 if unknown.</summary>
    public LeaderEpoch EpochAt(Offset offset) => EpochHistory.At(Manifest.Epochs, offset);

    /// <summary>Puts changed topic configs into force, for the next append.</summary>
    public void Configure(PartitionSettings settings) => Volatile.Write(ref _settings, settings);

    /// <summary>Moves log start up, once the manifest that says so is durable; waiting fetches look again. A lower offset than now changes nothing.</summary>
    public void MoveLogStart(Offset offset)
    {
        Published.MoveLogStart(offset);
        _lane.Index.ForgetBelow(Id, LogStart);
    }

    /// <summary>Puts a manifest into force that was written under this handle's epoch: other extents, a moved log start. One of another epoch is not for this handle and changes nothing.</summary>
    public void ApplyManifest(Manifest manifest)
    {
        if (manifest.Epoch != Epoch) return;

        // First the new view, then the index forgets: a reader finds an extent in one of the two, if not in both.
        Published.Apply(manifest, next => ClosedLog.Size(next, _lane));
        _lane.Index.ForgetBelow(Id, manifest.LogStart);
    }

    /// <summary>
    /// Changes the partition's manifest under this handle's epoch, and puts what stands then into force. One change at a time, so that an older manifest
    /// never takes the place of a newer one. If the partition has another owner or is deleted, the handle is closed.
    /// </summary>
    /// <param name="editor">Writes it.</param>
    /// <param name="change">As for <see cref="ManifestEditor.EditAsync"/>.</param>
    /// <param name="cancellationToken">As for <see cref="ManifestEditor.EditAsync"/>.</param>
    public async ValueTask<ManifestEdit> EditManifestAsync(ManifestEditor editor, Func<Manifest, Manifest?> change, CancellationToken cancellationToken)
    {
        var gate = LazyInitializer.EnsureInitialized(ref _edits, static () => new SemaphoreSlim(1, 1));
        await gate.WaitAsync(CancellationToken.None); // With a token it would go on by way of the thread pool, whatever scheduler the caller runs on.
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            var edit = await editor.EditAsync(Id, Session, Epoch, change, cancellationToken);
            if (edit.Outcome == ManifestEditOutcome.NotOwner) Close(edit.Manifest is { Deleted: true } ? ErrorCode.UnknownTopicOrPartition : ErrorCode.NotLeaderOrFollower);
            else if (edit.Manifest is { } manifest) ApplyManifest(manifest);
            return edit;
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>The damage that a read of this handle last met; null if none did.</summary>
    internal Storage.CorruptBlockException? Damage => _reader.Damage;

    /// <summary>
    /// Ends serving: leaves the table, wakes whoever waits, and answers this code from now on. Appends that have their place in the lane are answered
    /// as the lane decides. The first reason stays; later calls change nothing.
    /// </summary>
    /// <param name="error">What clients are to do: NOT_LEADER_OR_FOLLOWER (look for the leader), KAFKA_STORAGE_ERROR (try again), UNKNOWN_TOPIC_OR_PARTITION (it is deleted).</param>
    public void Close(ErrorCode error)
    {
        if (error == ErrorCode.None) throw new ArgumentException("A closed partition needs a reason.", nameof(error));
        if (Published.Close(error)) Volatile.Read(ref _table)?.Remove(this);
    }

    /// <summary>Ends serving for another broker, and keeps what the tail cache has until <see cref="PublishedLog.DropTail"/>.</summary>
    internal void CloseForRelease()
    {
        if (Published.Close(ErrorCode.NotLeaderOrFollower, keepsTail: true)) Volatile.Read(ref _table)?.Remove(this);
    }

    /// <summary>All extents with an offset at or above this one, in offset order: the manifest's, then the lane index's.</summary>
    internal List<Extent> ExtentsFrom(Offset offset) => _reader.ExtentsFrom(offset.Value);

    /// <summary>Bytes of batches whose producers no snapshot holds. 0 for a journal.</summary>
    internal long BytesSinceProducerSnapshot => _appender.BytesSinceSnapshot;

    /// <summary>The producers as of now, once every batch that they know of is published; null if the handle or its lane ended before that.</summary>
    internal async ValueTask<ProducerImage?> TakeProducersAsync(CancellationToken cancellationToken)
    {
        var image = _appender.EncodeProducers(_parts.Time.GetUtcNow().ToUnixTimeMilliseconds());
        if (HighWatermark < image.CoversTo) await _lane.DrainAsync(Id, cancellationToken);
        return IsOwner && HighWatermark >= image.CoversTo ? image : null;
    }

    /// <summary>The producers as of now, with batches that are not yet durable.</summary>
    internal ProducerImage Producers() => _appender.EncodeProducers(_parts.Time.GetUtcNow().ToUnixTimeMilliseconds());

    internal void OnProducerSnapshot(in ProducerImage image) => _appender.OnSnapshot(image.Bytes);

    internal void EnterTable(HandleTable table) => Volatile.Write(ref _table, table);

    // Looked at last: a search reads from storage, and the process may have stood still meanwhile (rule W2).
    private async ValueTask<TimestampMatch> FoundAsync(ValueTask<TimestampMatch> search)
    {
        var match = await search;
        return IsStalled ? TimestampSearch.Failure(ErrorCode.NotLeaderOrFollower) : match;
    }

    private AppendStatus Refuse(ErrorCode error, string? message, int recordIndex, IAppendCompletion completion, int token)
    {
        completion.OnAppended(token, _appender.Refusal(error, message, recordIndex));
        return AppendStatus.Begun;
    }

    private void Touch() => Volatile.Write(ref _lastUsed, _parts.Time.GetTimestamp());
}
