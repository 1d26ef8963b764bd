using OrleansStream.Log.Journals;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Serving;
using OrleansStream.Testing.Storage;

namespace OrleansStream.Grains.Tests.Harness;

/// <summary>
/// A broker's log in memory, over a lane that the test moves: nothing is durable before <see cref="Publish"/>. Claims raise the epoch as the real ones do;
/// frames are found in the lane's index, so only one lane ever lives.
/// </summary>
internal sealed class MemoryLog : IPartitionLog, IDisposable
{
    private readonly Lock _gate = new();
    private int _nonce;

    /// <param name="snapshotBytes">After so many bytes of changes a journal wants a snapshot.</param>
    public MemoryLog(int snapshotBytes = 64 * Limits.KiB)
    {
        Journals = new JournalParts
        {
            Objects = Objects,
            Manifests = new ManifestEditor(Manifests, new Random(1), Broker.Time),
            Random = new Random(2),
            Options = new JournalOptions { SnapshotBytes = snapshotBytes },
        };
    }

    public MemoryBroker Broker { get; } = new();

    public MemoryManifestStore Manifests { get; } = new();

    public MemoryObjectStore Objects { get; } = new();

    public HandleTable Handles => Broker.Handles;

    public JournalParts Journals { get; }

    /// <summary>What every opening answers; none lets it go on.</summary>
    public ErrorCode Refusal { get; set; }

    /// <summary>What an opening of a partition answers; null lets it go on.</summary>
    public Func<PartitionId, Task<OpenedHandle>?> Answer { get; set; } = static _ => null;

    /// <summary>How often somebody asked for a partition.</summary>
    public int Openings { get; private set; }

    /// <summary>Runs when a partition was claimed, before its opener hears of it.</summary>
    public Action<PartitionHandle>? Opened { get; set; }

    public LeaderEpoch? EpochOf(PartitionId partition) => Manifests.GetAsync(partition, CancellationToken.None).AsTask().GetAwaiter().GetResult()?.Manifest.Epoch;

    public ValueTask<long> SizeOfAsync(PartitionId partition, CancellationToken cancellationToken) => ValueTask.FromResult(0L);

    public (long TotalBytes, long UsableBytes) Volume => (-1, -1);

    public bool HasLog(PartitionId partition) => Manifests.GetAsync(partition, CancellationToken.None).AsTask().GetAwaiter().GetResult() is not null;

    public ValueTask<OpenedHandle> OpenAsync(PartitionId partition, PartitionSettings settings, CancellationToken cancellationToken)
    {
        if (Answer(partition) is { } answer) return new(answer);
        lock (_gate)
        {
            Openings++;
            if (Refusal != ErrorCode.None) return new(new OpenedHandle(Refusal, null));
            if (Handles.TryGet(partition, out var serving) && serving.IsOwner) return new(new OpenedHandle(ErrorCode.None, serving));

            var handle = Broker.Open(Claim(partition), settings);
            Opened?.Invoke(handle);
            return new(new OpenedHandle(ErrorCode.None, handle));
        }
    }

    public async ValueTask<ErrorCode> MoveLogStartAsync(PartitionHandle handle, Offset offset, CancellationToken cancellationToken)
    {
        if (offset > handle.HighWatermark) return ErrorCode.OffsetOutOfRange;
        var edit = await handle.EditManifestAsync(Journals.Manifests, manifest => manifest with { LogStart = offset }, cancellationToken);
        return edit.Outcome == ManifestEditOutcome.Written ? ErrorCode.None : ErrorCode.NotLeaderOrFollower;
    }

    public async ValueTask DeleteAsync(PartitionId partition, CancellationToken cancellationToken)
    {
        TakeAway(partition);
        var manifest = (await Manifests.GetAsync(partition, cancellationToken))?.Manifest ?? Broker.NewManifest(partition);
        Manifests.Put(manifest with { Deleted = true });
    }

    /// <summary>Makes everything durable that was accepted.</summary>
    public void Publish()
    {
        lock (_gate) Broker.Lane.Publish();
    }

    /// <summary>Ends the handle, as the end of the lane or another owner's claim does. The next opening claims anew.</summary>
    public void TakeAway(PartitionId partition)
    {
        if (!Handles.TryGet(partition, out var handle)) return;
        Broker.Lane.Lane.CloseEpoch(partition, handle.Epoch);
        Handles.Withdraw(partition, handle.Epoch, ErrorCode.NotLeaderOrFollower);
        Publish();
    }

    public void Dispose() => Broker.Dispose();

    private Manifest Claim(PartitionId partition)
    {
        var stored = Manifests.GetAsync(partition, CancellationToken.None).AsTask().GetAwaiter().GetResult();
        var manifest = Broker.NewManifest(partition);
        if (stored is not null)
        {
            Broker.Lane.Lane.CloseEpoch(partition, stored.Manifest.Epoch);
            manifest = stored.Manifest with { Epoch = stored.Manifest.Epoch.Next };
        }

        return Manifests.Put(manifest with { Nonce = new Guid(++_nonce, 3, 3, new byte[8]) }).Manifest;
    }
}
