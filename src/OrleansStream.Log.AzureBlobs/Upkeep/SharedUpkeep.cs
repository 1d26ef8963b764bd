using OrleansStream.Log.Manifests;
using OrleansStream.Log.Retention;

namespace OrleansStream.Log.AzureBlobs.Upkeep;

/// <summary>
/// What one broker does for the whole cluster: the walk over session records (rules R4, R5, D5), on every change of membership and daily, and the sweep (rules D3,
/// D4) with old tombstones. Every broker has it; it works where <see cref="BlobClusterView.DoesSharedWork"/> says so.
/// </summary>
public sealed class SharedUpkeep
{
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1);

    // After this long there is something to do for a walk that left something: a grace is over, or a partition has waited long enough.
    private static readonly TimeSpan WalkAgainAfter = TimeSpan.FromMinutes(10);

    // Not a whole interval after the start: brokers that are started anew each day would never sweep.
    private static readonly TimeSpan FirstSweep = TimeSpan.FromHours(1);

    private readonly BlobLogUpkeepParts _parts;
    private readonly SessionWalk _walk;
    private readonly ObjectSweep _sweep;
    private readonly OldTombstones _tombstones;
    private int _isWalkAsked = 1;
    private long _nextWalk;
    private long _nextSweep;

    internal SharedUpkeep(BlobLogUpkeepParts parts, IManifestStore manifests, ObjectSweep sweep)
    {
        _parts = parts;
        _sweep = sweep;
        _nextSweep = At(FirstSweep < parts.Upkeep.SweepInterval ? FirstSweep : parts.Upkeep.SweepInterval);
        _walk = new SessionWalk(new SessionWalkParts
        {
            Stores = parts.Stores,
            CurrentSession = () => parts.CurrentLane().Session,
            Recovery = parts.Recovery,
            Cluster = parts.Cluster,
            ConfirmTopic = parts.ConfirmTopic,
            Budget = parts.Budget,
            Time = parts.Time,
            Note = parts.Note,
        });
        _tombstones = new OldTombstones(parts.Stores with { Manifests = manifests }, parts.ConfirmTopic, parts.Budget);
    }

    /// <summary>What the last walk found and did; null before the first.</summary>
    public SessionWalkReport? LastWalk { get; private set; }

    /// <summary>Sessions that were closed since the start.</summary>
    public long SessionsClosed { get; private set; }

    /// <summary>Blocks of closed sessions that were deleted since the start.</summary>
    public long BlocksDeleted { get; private set; }

    /// <summary>Objects that the sweep deleted or put on lists since the start, and tombstones that went.</summary>
    public long ObjectsSwept { get; private set; }

    /// <summary>A broker came, or was declared dead: the next look walks the session records. From any thread.</summary>
    public void OnMembershipChanged() => Interlocked.Exchange(ref _isWalkAsked, 1);

    /// <summary>Does what is due, if this broker is the one to do it. One call at a time.</summary>
    /// <exception cref="LogException">Storage failed; the next call goes on.</exception>
    public async ValueTask TendAsync(CancellationToken cancellationToken)
    {
        if (!_parts.Cluster.DoesSharedWork()) return;
        if (_parts.Time.GetTimestamp() >= _nextWalk | Interlocked.Exchange(ref _isWalkAsked, 0) == 1) await WalkAsync(cancellationToken);
        if (_parts.Time.GetTimestamp() >= _nextSweep) await SweepAsync(cancellationToken);
    }

    private async ValueTask SweepAsync(CancellationToken cancellationToken)
    {
        _nextSweep = At(FirstSweep < _parts.Upkeep.SweepInterval ? FirstSweep : _parts.Upkeep.SweepInterval); // If it fails.
        if (_parts.Upkeep.SweepOnlyReports) await _sweep.TellAsync(_parts.Note, cancellationToken);
        else ObjectsSwept += await _sweep.RunAsync(cancellationToken) + await _tombstones.RunAsync(cancellationToken);
        _nextSweep = At(_parts.Upkeep.SweepInterval);
    }

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await Task.Delay(Step, _parts.Time, cancellationToken);
                await TendAsync(cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error) // Whatever it was: dead sessions that nobody closes fill the container.
            {
                _parts.Note("Sweeping and closing sessions failed; it is tried again.", error);
            }
        }
    }

    private async ValueTask WalkAsync(CancellationToken cancellationToken)
    {
        _nextWalk = At(WalkAgainAfter); // Also if it fails.
        var report = LastWalk = await _walk.RunAsync(cancellationToken);
        SessionsClosed += report.SessionsClosed;
        BlocksDeleted += report.BlocksDeleted;
        _nextWalk = At(report.HasMoreToDo ? WalkAgainAfter : TimeSpan.FromDays(1));
    }

    private long At(TimeSpan after) => _parts.Time.GetTimestamp() + (long)(after.TotalSeconds * _parts.Time.TimestampFrequency);
}
