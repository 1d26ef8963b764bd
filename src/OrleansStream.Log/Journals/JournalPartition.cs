using System.Buffers;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Serving;
using OrleansStream.Model;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Journals;

/// <summary>
/// A partition that keeps state changes with a snapshot, over the handle of one epoch: load first, then append; each change takes one offset. Appends of
/// all groups share the lane's writes, and they are answered in their order. A new epoch needs a new object.
/// </summary>
public sealed class JournalPartition(PartitionHandle handle, JournalParts parts)
{
    private const int LoadStepBytes = Limits.MiB;

    // What a snapshot writes again for each change since the one before.
    private const int SnapshotBytesOfChange = 4 * Limits.KiB;

    private readonly Lock _gate = new();
    private readonly Queue<JournalAppend> _waiting = new();
    private long _bytesSinceSnapshot;
    private long _snapshotBytes;

    public PartitionHandle Handle => handle;

    /// <summary>Bytes of changes that the last snapshot does not cover.</summary>
    public long BytesSinceSnapshot => Volatile.Read(ref _bytesSinceSnapshot);

    /// <summary>Changes that the last snapshot does not cover.</summary>
    public long ChangesSinceSnapshot => handle.HighWatermark.Value - (handle.Manifest is { Snapshot: { } snapshot } ? snapshot.CoversTo : handle.LogStart).Value;

    /// <summary>
    /// Whether a snapshot is worth its write: loading would read more changes than the bound, and more than twice the state itself; or so many of them that asking for their blocks
    /// takes long, however small they are.
    /// </summary>
    public bool WantsSnapshot
    {
        get
        {
            var stateBytes = Volatile.Read(ref _snapshotBytes);
            return BytesSinceSnapshot >= Math.Max(parts.Options.SnapshotBytes, 2 * stateBytes) || ChangesSinceSnapshot >= Math.Max(parts.Options.SnapshotChanges, stateBytes / SnapshotBytesOfChange);
        }
    }

    /// <summary>Hands the state its snapshot and every change up to the high watermark, in steps of bounded size.</summary>
    /// <returns>None; the handle's code if it was closed meanwhile; KAFKA_STORAGE_ERROR if stored bytes could not be read.</returns>
    /// <exception cref="LogException">Snapshot or changes are damaged or missing; says which. The journal cannot be served.</exception>
    public async ValueTask<ErrorCode> LoadAsync(IJournalState state, CancellationToken cancellationToken)
    {
        var manifest = handle.Manifest;
        var at = manifest.LogStart;
        if (manifest.Snapshot is { } reference)
        {
            if (reference.CoversTo > handle.HighWatermark || reference.CoversTo < at)
                throw new LogException($"Journal {handle.Id}: the snapshot '{reference.Name}' covers up to offset {reference.CoversTo}, outside the log from {at} to {handle.HighWatermark}.");
            Volatile.Write(ref _snapshotBytes, await JournalReplay.RestoreAsync(parts.Objects, reference, state, cancellationToken));
            at = reference.CoversTo;
        }

        using var frames = new FrameList();
        while (at < handle.HighWatermark)
        {
            frames.Dispose();
            var outcome = await handle.ReadAsync(new ReadRequest(at, LoadStepBytes, AtLeastOne: true, Committed: false), frames, cancellationToken);
            if (outcome.Error == ErrorCode.KafkaStorageError && handle.Damage is { } damage) throw damage; // It does not heal: a loader that tried again would never end.
            if (outcome.Error != ErrorCode.None) return outcome.Error;
            if (frames.Count == 0) throw new LogException($"Journal {handle.Id}: nothing stands at offset {at}, below the high watermark {outcome.HighWatermark}.");
            for (var index = 0; index < frames.Count; index++) JournalReplay.Apply(frames[index].Entry, frames[index].Bytes.Span, at, state);
            Interlocked.Add(ref _bytesSinceSnapshot, frames.Bytes);
            at = frames[frames.Count - 1].Entry.LastOffset + 1;
        }

        return ErrorCode.None;
    }

    /// <summary>Appends changes, all or none, and completes when they are durable. Of two calls the earlier one gets the lower offsets and completes first.</summary>
    /// <param name="changes">At least one; together at most about 16 MiB. Copied before the call returns.</param>
    /// <returns>
    /// The offset of the first change, or why nothing was appended: the partition's code if it was closed, MESSAGE_TOO_LARGE, REQUEST_TIMED_OUT if too many
    /// wait. The last also if the lane ended with the changes on their way: then they may stand, the handle is closed, and the next load tells.
    /// </returns>
    public Task<AppendOutcome> AppendAsync(IReadOnlyList<ReadOnlyMemory<byte>> changes)
    {
        ArgumentOutOfRangeException.ThrowIfZero(changes.Count, nameof(changes));
        var length = JournalFrame.LengthOf(changes);
        if (length > BlockLayout.MaxFrameBytes) return Refused(ErrorCode.MessageTooLarge, $"The changes have {length} bytes; at most {BlockLayout.MaxFrameBytes} go together.");

        var frame = new byte[length];
        JournalFrame.Write(changes, frame);
        var append = new JournalAppend(frame, changes.Count, OnDurable);
        lock (_gate)
        {
            // Whoever waits was first.
            if (_waiting.Count == 0 && TryBegin(append)) return append.Task;
            if (_waiting.Count >= parts.Options.MaxWaitingAppends) return Refused(ErrorCode.RequestTimedOut, $"{_waiting.Count} appends wait for room in the lane.");
            _waiting.Enqueue(append);
            if (_waiting.Count > 1) return append.Task;
        }

        _ = BeginWaitingAsync();
        return append.Task;
    }

    /// <summary>
    /// Writes a snapshot as an immutable object and names it in the manifest; the journal's log start moves with that write and no other (rule D6).
    /// One at a time.
    /// </summary>
    /// <param name="content">The state with every change below <paramref name="coversTo"/> and none at or above it. Borrowed until the task completes.</param>
    /// <param name="coversTo">At most the high watermark.</param>
    /// <param name="cancellationToken">Ends the wait; a write under way may still arrive.</param>
    /// <returns>False if nothing changed: a newer snapshot stands, or the partition has another owner.</returns>
    public async ValueTask<bool> SnapshotAsync(ReadOnlySequence<byte> content, Offset coversTo, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(coversTo, handle.HighWatermark);
        var name = JournalSnapshot.NewName(handle.Id, coversTo, handle.Epoch, NewUnique());
        if (!await JournalSnapshot.TryWriteAsync(parts.Objects, name, content, coversTo, cancellationToken)) return false;

        // Whatever comes of it, the object stays (rule M4): an undecided write may still name it, and the sweep knows an orphan.
        var covered = BytesSinceSnapshot - Math.Max(0, handle.BytesFrom(coversTo));
        var edit = await handle.EditManifestAsync(parts.Manifests, manifest => WithSnapshot(manifest, name, coversTo), cancellationToken);
        if (edit.Outcome != ManifestEditOutcome.Written) return false;

        Interlocked.Add(ref _bytesSinceSnapshot, -Math.Max(0, covered));
        Volatile.Write(ref _snapshotBytes, content.Length);
        return true;
    }

    /// <summary>Names the snapshot, moves log start to what it covers, and drops the extents below; what they and the old snapshot stood in is to be deleted later (rule D2).</summary>
    internal static Manifest? WithSnapshot(Manifest manifest, string name, Offset coversTo)
    {
        if (manifest.Snapshot is { } old && old.CoversTo >= coversTo) return null;

        var pending = manifest.PendingDelete;
        if (manifest.Snapshot is { } replaced) pending = pending.Add(replaced.Name);
        foreach (var extent in manifest.Extents)
        {
            if (extent.LastOffset < coversTo && extent is SegmentExtent segment) pending = pending.Add(segment.Name);
        }

        return manifest with
        {
            Snapshot = new SnapshotReference(name, coversTo),
            LogStart = Offset.Max(manifest.LogStart, coversTo),
            Extents = manifest.Extents.RemoveAll(extent => extent.LastOffset < coversTo),
            PendingDelete = pending,
        };
    }

    private static Task<AppendOutcome> Refused(ErrorCode error, string message) =>
        Task.FromResult(new AppendOutcome { Error = error, BaseOffset = Offset.None, LogAppendTimeMs = -1, Message = message, RecordIndex = -1 });

    private bool TryBegin(JournalAppend append) => handle.AppendJournal(append.Frame, append.Count, append, 0) == AppendStatus.Begun;

    // Runs while somebody waits. A closed handle or an ended lane refuses them all, so it always comes to an end.
    private async Task BeginWaitingAsync()
    {
        while (true)
        {
            await handle.RoomAsync(CancellationToken.None);
            lock (_gate)
            {
                while (_waiting.TryPeek(out var append) && TryBegin(append)) _waiting.Dequeue();
                if (_waiting.Count == 0) return;
            }
        }
    }

    private void OnDurable(int bytes) => Interlocked.Add(ref _bytesSinceSnapshot, bytes);

    private Guid NewUnique()
    {
        Span<byte> bytes = stackalloc byte[16];
        lock (parts.Random) parts.Random.NextBytes(bytes);
        return new Guid(bytes);
    }
}
