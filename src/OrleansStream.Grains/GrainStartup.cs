using Orleans.Runtime;
using OrleansStream.Grains.Partitions;
using OrleansStream.Grains.Topics;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains;

/// <summary>Sets to work what follows the catalog, before the catalog is first read; and tells the log, which is older than the catalog, what stands in it.</summary>
public sealed class GrainStartup
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly SettingsFollower _follower;
    private readonly LocalPartitions _partitions;
    private readonly CatalogFollower _catalog;
    private readonly TimeProvider _time;
    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal GrainStartup(SettingsFollower follower, LocalPartitions partitions, CatalogFollower catalog, TimeProvider time) =>
        (_follower, _partitions, _catalog, _time) = (follower, partitions, catalog, time);

    /// <summary>Completes when grains can be called. The log is there before, and what it wants to know of the catalog waits for this.</summary>
    public Task Begun => _begun.Task;

    /// <summary>To be called once, when the silo is up.</summary>
    public void Begin()
    {
        _follower.Follow();
        _begun.TrySetResult();
    }

    /// <summary>
    /// Reads the catalog, and tries again until that succeeds: a grain call ends after seconds, a long journal or a slow disk may take longer, and the
    /// reading goes on meanwhile. A broker of several copies it from the one that owns it.
    /// </summary>
    /// <param name="cancellationToken">Ends the tries, with an exception.</param>
    /// <exception cref="InvalidDataException">It is damaged, where the message says.</exception>
    public async Task LoadCatalogAsync(CancellationToken cancellationToken)
    {
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                // Whoever stops waiting leaves the call alone: it ends by itself, and the runtime would warn of a cancellation that finds its silo stopping.
                await _catalog.CatchUpAsync(CancellationToken.None).WaitAsync(cancellationToken);
                return;
            }
            catch (Exception exception) when (exception is TimeoutException or OrleansException)
            {
                // Its owner may be on the way from one broker to another.
                await Task.Delay(pause, _time, cancellationToken);
            }
        }
    }

    /// <summary>The settings of a partition, open or not; null if this broker does not know it (yet).</summary>
    public PartitionSettings? SettingsOf(PartitionId partition) => _partitions.SettingsOf(partition);

    /// <summary>What people call a partition, such as orders-3; null if this broker does not know it (yet).</summary>
    public string? NameOf(PartitionId partition) => _partitions.NameOf(partition);
}
