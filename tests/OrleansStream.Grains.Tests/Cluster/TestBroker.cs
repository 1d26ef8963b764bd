using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using OrleansStream.Abstractions.Cluster;
using OrleansStream.Abstractions.Groups;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Grains.Cluster;
using OrleansStream.Grains.Partitions;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Records;

namespace OrleansStream.Grains.Tests.Cluster;

/// <summary>One broker of a cluster, as its own code sees it.</summary>
internal sealed class TestBroker(SiloAddress silo, SharedLog log, IServiceProvider services)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public SiloAddress Silo => silo;

    public SharedLog Log => log;

    public BrokerId Id => log.Broker;

    public ClusterMembers Members => Get<ClusterMembers>();

    public CatalogView View => Get<CatalogView>();

    public IGrainFactory Grains => Get<IGrainFactory>();

    public LocalPartitions Partitions => Get<LocalPartitions>();

    /// <summary>What it has told people.</summary>
    public IReadOnlyList<string> Told => Get<ToldLines>().All;

    public T Get<T>()
        where T : notnull => services.GetRequiredService<T>();

    /// <summary>What the server does when the silo is up.</summary>
    public async Task BeginAsync()
    {
        Get<GrainStartup>().Begin();
        await Get<GrainStartup>().LoadCatalogAsync(Stop);
    }

    public async Task<Topic> CreateAsync(string name, int partitions)
    {
        for (var tries = 0; ; tries++)
        {
            var wish = new CreateTopic(new TopicId(Guid.NewGuid()), partitions, 1, ImmutableSortedDictionary<string, string>.Empty, ValidateOnly: false);
            var change = await Grains.GetGrain<ITopicGrain>(name).CreateAsync(wish, Stop);
            if (change.Error == ErrorCode.None) return change.Topic!;
            Assert.Equal((ErrorCode.RequestTimedOut, true), (change.Error, tries < 200));
            await Task.Delay(50, Stop);
        }
    }

    /// <summary>Appends one record; the offset, or the error.</summary>
    public async Task<(ErrorCode Error, long Offset)> AppendAsync(PartitionId partition)
    {
        var opened = await Partitions.OpenHandleAsync(partition, Stop);
        if (opened.Handle is not { } handle) return (opened.Error, -1);
        var done = new Completion();
        while (handle.Append(new BatchBuilder().Record("a").Build(), new AppendContext(ZstdAllowed: true), done, 0) == AppendStatus.Full) await handle.RoomAsync(Stop);
        var outcome = await done.Task.WaitAsync(Stop);
        return (outcome.Error, outcome.BaseOffset.Value);
    }

    /// <summary>How many records the partition has, as read from it.</summary>
    public async Task<long> CountAsync(PartitionId partition)
    {
        Assert.True(log.Handles.TryGet(partition, out var handle));
        var at = handle!.LogStart;
        while (at < handle.HighWatermark)
        {
            using var frames = new FrameList();
            var outcome = await handle.ReadAsync(new ReadRequest(at, 64 * 1024, AtLeastOne: true, Committed: false), frames, Stop);
            Assert.Equal(ErrorCode.None, outcome.Error);
            Assert.Equal(at, frames[0].Entry.BaseOffset);
            at = frames[frames.Count - 1].Entry.LastOffset + 1;
        }

        return at.Value;
    }

    private sealed class Completion : IAppendCompletion
    {
        private readonly TaskCompletionSource<AppendOutcome> _source = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<AppendOutcome> Task => _source.Task;

        public void OnAppended(int token, in AppendOutcome outcome) => _source.TrySetResult(outcome);
    }
}
