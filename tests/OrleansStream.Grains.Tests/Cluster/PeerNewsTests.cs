using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Orleans.Runtime;
using OrleansStream.Abstractions.Cluster;
using OrleansStream.Grains.Cluster;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Dispatch;

namespace OrleansStream.Grains.Tests.Cluster;

// How long news wait for company, by the test's clock.
public sealed class PeerNewsTests
{
    private static readonly SiloAddress Here = SiloAddress.New(IPAddress.Loopback, 1, 1);
    private static readonly TopicId Topic = new(Guid.NewGuid());

    private readonly CountedTime _time = new();
    private readonly Peer _peer = new();

    [Fact]
    public async Task That_a_partition_is_let_go_of_is_told_within_10_ms_with_whatever_waits()
    {
        var news = Begun();
        news.Add(Served(0));
        await RestsAsync(1);

        news.Add(Served(1));
        news.Add(Served(2) with { IsLeaving = true });
        news.Add(Served(3) with { IsServed = false });
        _time.Advance(TimeSpan.FromMilliseconds(10));

        await Until.SoAsync(() => _peer.Heard.Count == 2);
        Assert.Equal(["0", "1, 2, 3"], _peer.Heard.Select(static heard => string.Join(", ", heard.Partitions.Select(static partition => partition.Partition.Index).Order())));
        await news.EndAsync();
    }

    [Fact]
    public async Task That_a_partition_is_served_waits_for_others_until_50_ms_after_the_message_before()
    {
        var news = Begun();
        news.Add(Served(0));
        await RestsAsync(1);
        _time.Advance(TimeSpan.FromMilliseconds(10));
        await RestsAsync(2);

        news.Add(Served(1));
        _time.Advance(TimeSpan.FromMilliseconds(39));
        Assert.Single(_peer.Heard);

        _time.Advance(TimeSpan.FromMilliseconds(1));
        await Until.SoAsync(() => _peer.Heard.Count == 2);
        await news.EndAsync();
    }

    [Fact]
    public async Task A_broker_that_could_not_read_a_changed_record_is_told_of_it_again_until_it_has()
    {
        var news = Begun();
        _peer.MissesRecords = 2;
        var read = news.AddRecordChange();
        await RestsAsync(1);
        _time.Advance(TimeSpan.FromMilliseconds(99));
        Assert.Single(_peer.Heard);

        // The pause grows.
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await RestsAsync(2);
        _time.Advance(TimeSpan.FromMilliseconds(199));
        Assert.Equal((2, false), (_peer.Heard.Count, read.IsCompleted));

        _time.Advance(TimeSpan.FromMilliseconds(1));
        await read;

        Assert.Equal([true, true, true], _peer.Heard.Select(static heard => heard.RecordChanged));
        await news.EndAsync();
    }

    private static ServedPartition Served(int index) => new(new PartitionId(Topic, index), default, IsServed: true);

    private PeerNews Begun()
    {
        var peer = new LiveBroker(new Broker(new BrokerId(2), null, ImmutableDictionary<string, Endpoint>.Empty), Here, "peer", IsDraining: false, IsCurrent: true);
        var news = new PeerNews(new NewsSending(_peer, _time, NullLogger<NewsToPeers>.Instance), peer, static () => new BrokerNews { Broker = new BrokerId(1), Silo = Here });
        news.Begin([]);
        return news;
    }

    // After the first message: so often it waits for time to go by.
    private Task RestsAsync(int times) => Until.SoAsync(() => _time.Timers == times);

    private sealed class CountedTime : FakeTimeProvider
    {
        private int _timers;

        public int Timers => Volatile.Read(ref _timers);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            Interlocked.Increment(ref _timers);
            return timer;
        }
    }

    private sealed class Peer : UnaskedPeer, IBrokerServices
    {
        private readonly ConcurrentQueue<BrokerNews> _heard = new();

        public IReadOnlyCollection<BrokerNews> Heard => _heard;

        /// <summary>How many more times it cannot read a record.</summary>
        public int MissesRecords { get; set; }

        public IBrokerService Of(SiloAddress silo) => this;

        public override Task<HeardNews> HearAsync(BrokerNews news)
        {
            _heard.Enqueue(news);
            return Task.FromResult(new HeardNews(news.CatalogVersion, MissedRecord: news.RecordChanged && MissesRecords-- > 0));
        }
    }
}
