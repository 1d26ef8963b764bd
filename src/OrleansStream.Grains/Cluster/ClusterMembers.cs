using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using OrleansStream.Abstractions.Cluster;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Cluster;

/// <summary>
/// The brokers of a cluster and what belongs to whom: membership says who lives, the registry what each says of itself, placement what each may open, and
/// the brokers themselves what they serve. Answers come from memory; what they are made of is brought up to date by events.
/// </summary>
internal sealed partial class ClusterMembers : IClusterView, ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly BrokerClusterSetup _setup;
    private readonly MemberSources _sources;
    private readonly HandleTable _handles;
    private readonly PartitionLeaders _leaders;
    private readonly TimeProvider _time;
    private readonly ILogger<ClusterMembers> _logger;
    private readonly Lock _building = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly Channel<bool> _wakes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private volatile ClusterLayout _layout;
    private Task _following = Task.CompletedTask;

    public ClusterMembers(BrokerClusterSetup setup, MemberSources sources, HandleTable handles, PartitionLeaders leaders, ILogger<ClusterMembers> logger)
    {
        _setup = setup;
        _sources = sources;
        _handles = handles;
        _leaders = leaders;
        _time = sources.Time;
        _logger = logger;
        _layout = ClusterLayout.Empty(NewPlacement);
    }

    /// <summary>The layout before and the one after, told of each change of a live broker in order. Must not block.</summary>
    public event Action<ClusterLayout, ClusterLayout>? Changed;

    public ClusterLayout Layout => _layout;

    public string ClusterId => _setup.Cluster.ClusterId;

    public BrokerId Self => _setup.Self;

    public IReadOnlyList<Broker> Brokers => _layout.Brokers;

    public BrokerId OwnerOf(PartitionId partition)
    {
        if (_handles.TryGet(partition, out var handle) && handle.IsOwner)
        {
            return Self;
        }

        return _leaders.Find(partition) is { IsServing: true, IsLeaving: false } leader && leader.Silo.Equals(SiloOf(leader.Broker)) && leader.Broker != Self
            ? leader.Broker
            : PlacedOn(partition);
    }

    public BrokerId PlacedOn(PartitionId partition) => _layout.Placement.Of(partition) ?? Self;

    public BrokerId CoordinatorOf(string groupId) => OwnerOf(new PartitionId(HiddenTopics.Groups, _sources.Rules.JournalOf(groupId)));

    public SiloAddress? SiloOf(BrokerId broker) => _layout.Find(broker)?.Silo;

    /// <summary>Reads every record of a broker again, as when somebody says that one changed.</summary>
    /// <exception cref="Log.LogException">Storage failed; what was known stays.</exception>
    public async Task ReadRecordsAsync(CancellationToken cancellationToken)
    {
        await _sources.Records.ReadAllAsync(cancellationToken);
        Build();
    }

    /// <summary>Waits until the layout is made of this version of the membership, or a later one, and of the records that belong to it.</summary>
    public async Task CatchUpAsync(MembershipVersion version, CancellationToken cancellationToken)
    {
        if (_layout.Version < version)
        {
            await _sources.Membership.Refresh(version, cancellationToken);
            Build();
        }

        if (!_layout.IsComplete)
        {
            await ReadRecordsAsync(cancellationToken);
        }
    }

    // Before the silo is Active: from then on others place grains on it, and its own ask who owns what.
    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(nameof(ClusterMembers), ServiceLifecycleStage.ApplicationServices, StartAsync, StopAsync);

    public void Dispose() => _stopping.Dispose();

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await ReadRecordsAsync(cancellationToken);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            // The loop tries again as long as records are missing.
            LogNotRead(exception);
        }

        _following = Task.WhenAll(Task.Run(WatchAsync, CancellationToken.None), Task.Run(FollowAsync, CancellationToken.None));
    }

    private async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _following.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task WatchAsync()
    {
        try
        {
            await foreach (var snapshot in _sources.Membership.MembershipUpdates.WithCancellation(_stopping.Token))
            {
                Build();
                _wakes.Writer.TryWrite(true);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The silo stops.
        }
    }

    // Runs only while a record is missing that must come: a broker writes its own before its silo joins.
    private async Task FollowAsync()
    {
        try
        {
            while (await _wakes.Reader.WaitToReadAsync(_stopping.Token))
            {
                _wakes.Reader.TryRead(out _);
                for (var pause = FirstPause; !_layout.IsComplete; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
                {
                    await TryReadAsync();
                    if (!_layout.IsComplete)
                    {
                        await Task.Delay(pause, _time, _stopping.Token);
                    }
                }
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The silo stops.
        }
    }

    private async Task TryReadAsync()
    {
        try
        {
            await ReadRecordsAsync(_stopping.Token);
        }
        catch (Exception exception) when (!_stopping.IsCancellationRequested)
        {
            LogNotRead(exception);
        }
    }

    private void Build()
    {
        lock (_building)
        {
            var before = _layout;
            var next = ClusterLayout.Of(_sources.Membership.CurrentSnapshot, _sources.Records.Known, NewPlacement, before);
            _layout = next;
            if (!next.Says(before))
            {
                LogChanged(next.Version.Value, string.Join(", ", next.Members.Select(static member => member.IsDraining ? $"{member.Id} (draining)" : $"{member.Id}")));
                Changed?.Invoke(before, next);
            }
        }
    }

    private PlacementTable NewPlacement(IReadOnlyDictionary<string, BrokerId> brokers) => new(brokers, _sources.Rules, _sources.Catalog);

    [LoggerMessage(LogLevel.Information, "As of membership version {Version} the live brokers are {Brokers}")]
    private partial void LogChanged(long version, string brokers);

    [LoggerMessage(LogLevel.Warning, "The records of brokers cannot be read now; this is tried again")]
    private partial void LogNotRead(Exception exception);
}
