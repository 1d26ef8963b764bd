using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Retention;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Tests.Segments;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Records;

namespace OrleansStream.Log.Tests.Retention;

public sealed class UpkeepTests : IDisposable
{
    private readonly SplitBench _bench = new();
    private readonly WalOfParts _wal = new();
    private readonly Upkeep _upkeep;
    private readonly HashSet<PartitionId> _staysOpen = [];
    private PartitionSettings? _closedSettings;
    private int _closings;

    public UpkeepTests() => _upkeep = new Upkeep(new UpkeepParts
    {
        Store = _bench.Retention.Store,
        Handles = _bench.Retention.Broker.Handles,
        CurrentLane = () => _bench.Lane,
        Wal = new WalPartUpkeep(_wal, _bench.Splitter, () => _bench.Lane, _ => Task.CompletedTask, _bench.Retention.Time),
        Retention = _bench.Retention.Retention,
        Producers = _bench.Retention.Producers,
        Pending = _bench.Retention.Pending,
        Sweep = _bench.Retention.Sweep,
        CloseSessions = _ =>
        {
            _closings++;
            return Task.CompletedTask;
        },
        SettingsOf = _ => _closedSettings,
        Open = async (partition, _) => Reopen(await _bench.Retention.ManifestOf(partition)),
        ClosesWhenIdle = partition => !_staysOpen.Contains(partition),
        Time = _bench.Retention.Time,
    });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task Retention_is_looked_at_after_each_interval_and_not_before()
    {
        var handle = _bench.Retention.Open(new PartitionSettings { RetentionMs = 1000 });
        _bench.Retention.Append(handle, _bench.Retention.NowMs);
        _bench.Retention.Time.Advance(TimeSpan.FromMinutes(5) - TimeSpan.FromTicks(1));
        await _upkeep.TendPartitionsAsync(Token);
        Assert.Equal(Offset.Zero, handle.LogStart);
        Assert.Equal(0, _closings);

        _bench.Retention.Time.Advance(TimeSpan.FromTicks(1));
        await _upkeep.TendPartitionsAsync(Token);
        Assert.Equal(new Offset(10), handle.LogStart);
        Assert.Equal(1, _closings);
        Assert.Equal(_bench.Lane.PublishedEnd, _bench.Lane.TrimPoint);
    }

    [Fact]
    public async Task Producers_are_saved_as_soon_as_they_are_due_though_walks_are_left_out_while_nothing_is_published()
    {
        var handle = _bench.Retention.Open();
        for (var sequence = 0; sequence < 4; sequence++)
        {
            var isDue = sequence % 2 == 1; // Two batches of 600 bytes pass the bound of 1,000.
            _bench.Retention.Broker.Append(handle, BatchBuilder.OfProducer(4711, 0, sequence).Records(1, valueBytes: 600));
            _bench.Retention.Broker.Lane.Publish();
            await _upkeep.TendPartitionsAsync(Token);
            await _upkeep.TendPartitionsAsync(Token);
            var expected = isDue ? new Offset(sequence + 1) : sequence == 0 ? default(Offset?) : new Offset(sequence);
            Assert.Equal(expected, (await _bench.Retention.ManifestOf(handle.Id)).Snapshot?.CoversTo);
        }
    }

    [Fact]
    public async Task A_partition_that_nobody_uses_is_closed_and_one_that_keeps_state_is_not()
    {
        var (idle, journal, used) = (_bench.Open(0), _bench.Open(1), _bench.Open(2));
        _staysOpen.Add(journal.Id);
        _bench.Retention.Time.Advance(TimeSpan.FromMinutes(29));
        _bench.Append(used, 1);
        _bench.Retention.Time.Advance(TimeSpan.FromMinutes(1));

        await _upkeep.TendPartitionsAsync(Token);

        Assert.Equal(ErrorCode.NotLeaderOrFollower, idle.Closed);
        Assert.Equal(idle.Epoch, _bench.Lane.PartitionOf(idle.Id).ClosedEpoch);
        Assert.True(journal.IsOwner);
        Assert.True(used.IsOwner);
    }

    [Fact]
    public async Task A_partition_that_is_closed_expires_too()
    {
        var handle = _bench.Retention.Open(new PartitionSettings { RetentionMs = 1000 });
        _bench.Retention.Append(handle, _bench.Retention.NowMs);
        _bench.Lane.CloseEpoch(handle.Id, handle.Epoch);
        handle.Close(ErrorCode.NotLeaderOrFollower);
        _closedSettings = handle.Settings;
        _bench.Retention.Time.Advance(TimeSpan.FromMinutes(5));

        await _upkeep.TendPartitionsAsync(Token);

        Assert.Equal(new Offset(10), (await _bench.Retention.ManifestOf(handle.Id)).LogStart);
    }

    [Fact]
    public async Task F5_old_parts_are_emptied_while_the_cap_is_near_and_no_longer()
    {
        var handle = _bench.Open();
        _bench.Append(handle, 6, valueBytes: 40_000); // An entry of the lane index for each block.
        for (var end = 2; end <= 6; end += 2) _wal.Parts.Add(new WalPart(_bench.Lane.Session, new Slot(end), 1));
        _wal.NearFor = () => _bench.Lane.TrimPoint < new Slot(4);

        await _upkeep.TendWalAsync(Token);

        Assert.Equal(new Slot(4), _bench.Lane.TrimPoint);
        Assert.Equal(Enumerable.Range(0, 6).Select(i => 2L * i), _bench.ReadAll(handle));
    }

    [Theory, InlineData(8, false), InlineData(9, true)]
    public async Task F5_a_part_that_is_nearly_empty_is_emptied_before_the_cap_asks(int share, bool expected)
    {
        var handle = _bench.Open();
        _bench.Append(handle, 1);
        _wal.Parts.Add(new WalPart(_bench.Lane.Session, _bench.Lane.PublishedEnd, handle.SizeBytes * share));

        await _upkeep.TendWalAsync(Token);

        Assert.Equal(expected ? 1 : 0, _bench.Retention.Objects.Names.Count);
    }

    [Fact]
    public async Task F5_an_ended_session_that_is_still_needed_hides_no_nearly_empty_part_of_the_present_one()
    {
        var handle = _bench.Open();
        _bench.Append(handle, 1);
        _wal.Parts.Add(new WalPart(new SessionId(new BrokerId(1), new Guid(5, 5, 5, new byte[8])), new Slot(long.MaxValue), 1));
        _wal.Parts.Add(new WalPart(_bench.Lane.Session, _bench.Lane.PublishedEnd, handle.SizeBytes * 9));

        await _upkeep.TendWalAsync(Token);

        Assert.Single(_bench.Retention.Objects.Names);
    }

    [Fact]
    public async Task A_part_that_could_not_be_emptied_is_left_alone_for_a_minute()
    {
        var handle = _bench.Open();
        _bench.Append(handle, 1);
        _wal.Parts.Add(new WalPart(_bench.Lane.Session, _bench.Lane.PublishedEnd, 1));
        _wal.NearFor = () => true;
        _bench.Retention.Broker.Extents.Fault = _ => new LogException("broken");
        await _upkeep.TendWalAsync(Token);
        var failures = _bench.Failures.Count;
        Assert.NotEqual(0, failures);

        _bench.Retention.Time.Advance(TimeSpan.FromSeconds(59));
        await _upkeep.TendWalAsync(Token);
        Assert.Equal(failures, _bench.Failures.Count);

        _bench.Retention.Broker.Extents.Fault = null;
        _bench.Retention.Time.Advance(TimeSpan.FromSeconds(1));
        await _upkeep.TendWalAsync(Token);
        Assert.Equal(_bench.Lane.PublishedEnd, _bench.Lane.TrimPoint);
    }

    // Also where nobody measures: the number of what was swept is of no use then, the sweep is.
    [Fact]
    public async Task D4_orphans_are_swept_after_each_interval()
    {
        var handle = _bench.Retention.Open(change: static manifest => manifest with { Epoch = new LeaderEpoch(3) });
        var orphan = SegmentName.New(handle.Id, Offset.Zero, new LeaderEpoch(2), Guid.NewGuid());
        Assert.True(await _bench.Retention.Objects.TryCreateAsync(orphan, new(new byte[1]), Token));
        await _upkeep.TendPartitionsAsync(Token);
        Assert.Single(_bench.Retention.Objects.Names);

        _bench.Retention.Time.Advance(TimeSpan.FromDays(1));
        await _upkeep.TendPartitionsAsync(Token);

        Assert.Empty(_bench.Retention.Objects.Names);
    }

    [Theory]
    [InlineData(0, 1, 30, "RetentionInterval"), InlineData(5, 0, 30, "SweepInterval"), InlineData(5, 1, 0, "IdleClose"), InlineData(5, 31, 30, "SweepInterval"), InlineData(5, 1, 30, null)]
    public void Options_outside_their_bounds_are_named(int retentionMinutes, int sweepDays, int idleMinutes, string? wrong)
    {
        var options = new UpkeepOptions { RetentionInterval = TimeSpan.FromMinutes(retentionMinutes), SweepInterval = TimeSpan.FromDays(sweepDays), IdleClose = TimeSpan.FromMinutes(idleMinutes) };
        Assert.Equal(wrong, options.Validate(new(options)).SingleOrDefault()?.MemberNames.Single());
    }

    private PartitionHandle Reopen(Manifest manifest)
    {
        var claimed = manifest with { Epoch = manifest.Epoch.Next };
        _bench.Retention.Store.Put(claimed);
        return _bench.Retention.Broker.Open(claimed, _closedSettings);
    }

    private sealed class WalOfParts : IWalUsage
    {
        public List<WalPart> Parts { get; } = [];

        public Func<bool> NearFor { get; set; } = static () => false;

        public long Bytes => Parts.Sum(static part => part.Bytes);

        public bool IsNearCap => NearFor();

        public IReadOnlyList<WalPart> ClosedParts() => Parts;
    }
}
