using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansStream.Log.Journals;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Ownership;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Lanes;

namespace OrleansStream.Grains.Tests.Cluster;

/// <summary>
/// The log of one of several brokers over storage that they share: claims by rules O1 to O6 and releases by L1 to L5, in their simplest form. A lane with a
/// thread of its own makes everything durable that is appended.
/// </summary>
internal sealed class SharedLog : IPartitionLog, IPartitionReleases, IDisposable
{
    private readonly ConcurrentDictionary<PartitionId, Lazy<Task<OpenedHandle>>> _opening = new();
    private readonly SharedStorage _storage;
    private readonly ServingParts _serving;
    private readonly TailCache _tail;
    private readonly Lane _lane;
    private readonly MemoryLaneStore _store = new();
    private readonly AutoResetEvent _wake = new(false);
    private readonly Thread _writer;
    private readonly ConcurrentExclusiveSchedulerPair _schedulers = new();

    public SharedLog(SharedStorage storage, BrokerId broker)
    {
        _storage = storage;
        Broker = broker;
        var epochs = new ClosedEpochs();
        Handles = new HandleTable(epochs);
        _tail = new TailCache(new TailCacheOptions { MaxBytes = 16 * 1024 * 1024 }, static _ => { });
        _serving = new ServingParts { Extents = storage.Extents, Tail = _tail, Time = TimeProvider.System };
        Journals = new JournalParts { Objects = storage.Objects, Manifests = new ManifestEditor(storage.Manifests, new Random(1), TimeProvider.System), Random = new Random(2) };
        Session = new SessionId(broker, Guid.NewGuid());
        var sessions = new MemorySessionStore();
        sessions.CompareAndSetAsync(new SessionRecord(Session, SessionState.Open, Slot.Zero, null), null, CancellationToken.None).AsTask().Wait();
        _lane = new Lane(new LaneSetup
        {
            Session = Session,
            Store = _store,
            Sessions = sessions,
            ClosedEpochs = epochs,
            Slabs = storage.Slabs,
            Time = TimeProvider.System,
            Random = new Random(3),
            Dispatcher = _schedulers.ExclusiveScheduler,
            WakeWriter = Wake,
            Observer = _tail,
        });
        storage.Sessions[Session] = this;
        storage.Extents.Add(Session, _store);
        _writer = new Thread(Write) { IsBackground = true };
        _writer.Start();
    }

    public BrokerId Broker { get; }

    public SessionId Session { get; }

    /// <summary>The way to other brokers; set when the silo is built.</summary>
    public ISessionOwners? Owners { get; set; }

    /// <summary>Whether this broker lets go of partitions when it is asked; it answers nothing while not.</summary>
    public Task ReleaseGate { get; set; } = Task.CompletedTask;

    public int Releases { get; private set; }

    public HandleTable Handles { get; }

    public JournalParts Journals { get; }

    public (long TotalBytes, long UsableBytes) Volume => (-1, -1);

    public bool HasLog(PartitionId partition) => false;

    public async ValueTask<bool> HasLogAsync(PartitionId partition, CancellationToken cancellationToken) => await _storage.Manifests.GetAsync(partition, cancellationToken) is not null;

    public LeaderEpoch? EpochOf(PartitionId partition) => Handles.TryGet(partition, out var handle) ? handle.Epoch : null;

    public ValueTask<long> SizeOfAsync(PartitionId partition, CancellationToken cancellationToken) => ValueTask.FromResult(0L);

    public ValueTask<OpenedHandle> OpenAsync(PartitionId partition, PartitionSettings settings, CancellationToken cancellationToken)
    {
        var mine = new Lazy<Task<OpenedHandle>>(() => Task.Run(() => ClaimAsync(partition, settings)));
        var opening = _opening.GetOrAdd(partition, mine);
        if (opening == mine) _ = mine.Value.ContinueWith(_ => _opening.TryRemove(partition, out var _), TaskScheduler.Default);
        return new ValueTask<OpenedHandle>(opening.Value.WaitAsync(cancellationToken));
    }

    public ValueTask<ErrorCode> MoveLogStartAsync(PartitionHandle handle, Offset offset, CancellationToken cancellationToken) => ValueTask.FromResult(ErrorCode.None);

    public async ValueTask DeleteAsync(PartitionId partition, CancellationToken cancellationToken)
    {
        if (Handles.TryGet(partition, out var handle)) Handles.GiveUp(handle);
        var manifest = (await _storage.Manifests.GetAsync(partition, cancellationToken))?.Manifest ?? First(partition);
        _storage.Manifests.Put(manifest with { Deleted = true });
    }

    public async ValueTask<ReleaseAnswer> ReleaseAsync(PartitionId partition, SessionId owner, CancellationToken cancellationToken)
    {
        await ReleaseGate;
        Releases++;
        var stored = await _storage.Manifests.GetAsync(partition, cancellationToken);
        if (stored is null || stored.Manifest.Owner != Session || _lane.End is not null) return new ReleaseAnswer(ReleaseVerdict.NotOwner);
        _lane.CloseEpoch(partition, stored.Manifest.Epoch);
        Handles.Withdraw(partition, stored.Manifest.Epoch, ErrorCode.NotLeaderOrFollower);
        await _lane.DrainAsync(partition, cancellationToken);
        if (_lane.End is not null) return new ReleaseAnswer(ReleaseVerdict.NotOwner);
        var end = _lane.Index.PublishedEnd(partition) ?? Offset.Zero;
        var segment = _storage.Cut(partition, stored.Manifest.ExtentsEnd, end, stored.Manifest.Epoch);
        return new ReleaseAnswer(ReleaseVerdict.Released, new ReleasedLog(stored, segment is null ? stored.Manifest.Extents : stored.Manifest.Extents.Add(segment)));
    }

    /// <summary>Nothing is acknowledged from here on, as when the process was killed.</summary>
    public void Crash() => _lane.Abort(new LaneEnd("The broker was killed.", null));

    public void Dispose()
    {
        Crash();
        _writer.Join();
        _lane.Ended.Wait();
        _tail.Clear();
        _wake.Dispose();
    }

    private async Task<OpenedHandle> ClaimAsync(PartitionId partition, PartitionSettings settings)
    {
        while (true)
        {
            if (Handles.TryGet(partition, out var serving) && serving.IsOwner) return new OpenedHandle(ErrorCode.None, serving);
            if (_lane.End is not null) return new OpenedHandle(ErrorCode.NotLeaderOrFollower, null);
            var stored = await _storage.Manifests.GetAsync(partition, CancellationToken.None);
            if (stored is { Manifest.Deleted: true }) return new OpenedHandle(ErrorCode.UnknownTopicOrPartition, null);
            var next = First(partition);
            if (stored is not null)
            {
                if (await InheritedAsync(stored) is not { } log) return new OpenedHandle(ErrorCode.NotLeaderOrFollower, null, stored.Manifest.Owner.Broker);
                stored = log.Stored;
                next = stored.Manifest with { Owner = Session, Epoch = stored.Manifest.Epoch.Next, Extents = log.Extents, Nonce = Guid.NewGuid() };
            }

            var write = await _storage.Manifests.CompareAndSetAsync(next, stored?.ETag, CancellationToken.None);
            if (write.Outcome != ManifestOutcome.Written) continue;
            var end = Offset.Max(next.ExtentsEnd, _lane.Index.PublishedEnd(partition) ?? Offset.Zero);
            var handle = new PartitionHandle(_serving, _lane, new PartitionStart { Manifest = next, LogEnd = end, Settings = settings });
            if (Handles.TryPublish(handle)) return new OpenedHandle(ErrorCode.None, handle);
        }
    }

    // Null: the owner lives and does not answer.
    private async Task<ReleasedLog?> InheritedAsync(StoredManifest stored)
    {
        var manifest = stored.Manifest;
        if (manifest.Owner == Session)
        {
            _lane.CloseEpoch(manifest.Partition, manifest.Epoch);
            Handles.Withdraw(manifest.Partition, manifest.Epoch, ErrorCode.NotLeaderOrFollower);
            await _lane.DrainAsync(manifest.Partition, CancellationToken.None);
            return new ReleasedLog(stored, manifest.Extents);
        }

        var answer = await Owners!.ReleaseAsync(manifest.Owner, manifest.Partition, CancellationToken.None);
        return answer.Verdict switch
        {
            ReleaseVerdict.Released => answer.Log,
            ReleaseVerdict.NoAnswer => null,
            _ => new ReleasedLog(stored, await _storage.Sessions[manifest.Owner].RecoveredAsync(manifest)),
        };
    }

    // Fences the session, and takes what it made durable.
    private async Task<ImmutableArray<Extent>> RecoveredAsync(Manifest manifest)
    {
        Crash();
        await _lane.Ended;
        var frames = _store.Find(manifest.Partition, Slot.Zero, new Slot(long.MaxValue), manifest.ExtentsEnd);
        if (frames.Count == 0) return manifest.Extents;
        return manifest.Extents.Add(new WalExtent(
            Session, frames.Min(frame => frame.Slot), frames.Max(frame => frame.Slot), frames[0].Entry.BaseOffset, frames[^1].Entry.LastOffset, frames.Sum(frame => (long)frame.Bytes.Length), -1));
    }

    private Manifest First(PartitionId partition) => new() { Partition = partition, Epoch = default, Owner = Session, Epochs = [new EpochStart(default, Offset.Zero)], Nonce = Guid.NewGuid() };

    private void Wake()
    {
        try
        {
            _wake.Set();
        }
        catch (ObjectDisposedException)
        {
            // The writer has ended.
        }
    }

    private void Write()
    {
        while (!_lane.IsWriterDone)
        {
            if (!_lane.WriteSealed() && !_lane.IsWriterDone) _wake.WaitOne(_lane.Pause);
        }
    }
}
