using Microsoft.Extensions.Time.Testing;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Economy;
using OrleansStream.Log.Lanes;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Lanes;

namespace OrleansStream.Log.Tests.Lanes;

/// <summary>A lane with a write budget, minute by minute in simulated time.</summary>
public sealed class BudgetedLaneTests : IFrameOwner
{
    private static readonly TimeSpan Run = TimeSpan.FromMinutes(10);

    private readonly FakeTimeProvider _time = new();
    private readonly Dictionary<LatencyClass, TimeSpan> _longestWait = [];
    private long _appended;
    private long _published;

    [Theory]
    [InlineData(LatencyClass.Low)]
    [InlineData(LatencyClass.Balanced)]
    [InlineData(LatencyClass.Economy)]
    public void A_budget_that_suffices_changes_nothing(LatencyClass latencyClass)
    {
        var linger = LaneLinger.OfBlobs.Of(latencyClass);
        var operations = Load(perSecond: 1 / linger.TotalSeconds, every: TimeSpan.FromMilliseconds(3), _ => latencyClass);

        // Blocks that grew to their size were more.
        Assert.InRange(operations, 0, (Run / linger) + 4);
        Assert.InRange(_longestWait[latencyClass], TimeSpan.Zero, linger);
    }

    // At its longest a class costs one operation in twenty lingers; a budget above that is kept.
    [Theory]
    [InlineData(LatencyClass.Low, 12)]
    [InlineData(LatencyClass.Low, 60)]
    [InlineData(LatencyClass.Balanced, 3)]
    [InlineData(LatencyClass.Balanced, 20)]
    [InlineData(LatencyClass.Economy, 0.3)]
    [InlineData(LatencyClass.Economy, 2)]
    public void A_budget_that_is_short_is_kept_over_minutes_and_used_up(LatencyClass latencyClass, double perSecond)
    {
        var operations = Load(perSecond, every: TimeSpan.FromMilliseconds(3), _ => latencyClass);

        // What was saved at the start is spent once, and not all of it: some is left where the lane settles.
        var budget = new WriteBudget(perSecond, _time);
        Assert.InRange(operations, perSecond * Run.TotalSeconds, (perSecond * Run.TotalSeconds) + budget.Saved);
        Assert.InRange(_longestWait[latencyClass], TimeSpan.Zero, LaneLinger.OfBlobs.Of(latencyClass, LaneLinger.DefaultMaxStretch));
    }

    [Theory]
    [InlineData(LatencyClass.Low, 100)]
    [InlineData(LatencyClass.Balanced, 400)]
    [InlineData(LatencyClass.Economy, 5_000)]
    public void A_budget_that_is_hopeless_stops_nothing(LatencyClass latencyClass, int longestMs)
    {
        var operations = Load(perSecond: 0.01, every: TimeSpan.FromMilliseconds(3), _ => latencyClass);

        Assert.InRange(_longestWait[latencyClass].TotalMilliseconds, longestMs - 10, longestMs);
        Assert.InRange(operations, Run.TotalMilliseconds / longestMs, (Run.TotalMilliseconds / longestMs) + 30);
        Assert.Equal(_appended, _published);
    }

    // Every three seconds a frame of the class low, among many others: what the budget lacks is borne by those.
    [Fact]
    public void Patient_classes_save_before_hurried_ones()
    {
        var rare = 0;
        Load(perSecond: 4, every: TimeSpan.FromMilliseconds(3), frame => rare++ % 1_000 == 0 ? LatencyClass.Low : frame % 2 == 0 ? LatencyClass.Balanced : LatencyClass.Economy);

        Assert.InRange(_longestWait[LatencyClass.Low], TimeSpan.Zero, LaneLinger.OfBlobs.Low);
        Assert.True(_longestWait[LatencyClass.Balanced] > LaneLinger.OfBlobs.Balanced * 5);
    }

    // Whatever comes when, of whatever class, with whatever budget: everything is published, in time, and no more is spent than the budget or the longest
    // lingers allow.
    [Fact]
    public void Any_load_makes_progress_within_its_longest_linger_and_costs_no_more_than_the_budget_or_that_allows()
    {
        for (var seed = 1; seed <= 40; seed++)
        {
            var random = new Random(seed);
            var perSecond = Math.Pow(10, (random.NextDouble() * 4) - 2);
            var every = TimeSpan.FromMilliseconds(random.Next(1, 200));
            var shares = (Low: random.Next(3), Balanced: random.Next(3), Economy: 1 + random.Next(3));
            Forget();
            var operations = Load(perSecond, every, _ => Draw(random, shares));

            Assert.True(_appended == _published, $"Seed {seed}: {_published} of {_appended} were published.");
            foreach (var (latencyClass, wait) in _longestWait)
            {
                var longest = LaneLinger.OfBlobs.Of(latencyClass, LaneLinger.DefaultMaxStretch);
                Assert.True(wait <= longest, $"Seed {seed}: a frame of class {latencyClass} waited {wait}.");
            }

            var most = _longestWait.Keys.Sum(latencyClass => Run / LaneLinger.OfBlobs.Of(latencyClass, LaneLinger.DefaultMaxStretch));
            var allowed = Math.Max(perSecond * Run.TotalSeconds, most) + new WriteBudget(perSecond, _time).Saved;
            Assert.True(operations <= allowed + 1, $"Seed {seed}: {operations} operations, {allowed} allowed.");
        }
    }

    void IFrameOwner.OnPublished(Block block, int index, object? state)
    {
        var (latencyClass, at) = ((LatencyClass, long))state!;
        var wait = _time.GetElapsedTime(at);
        if (wait >= _longestWait.GetValueOrDefault(latencyClass)) _longestWait[latencyClass] = wait;
        _published++;
    }

    void IFrameOwner.OnLost(LaneEnd end, bool mayBeStored, object? state) => Assert.Fail(end.Reason);

    private static LatencyClass Draw(Random random, (int Low, int Balanced, int Economy) shares)
    {
        var at = random.Next(shares.Low + shares.Balanced + shares.Economy);
        return at < shares.Low ? LatencyClass.Low : at < shares.Low + shares.Balanced ? LatencyClass.Balanced : LatencyClass.Economy;
    }

    private void Forget()
    {
        _longestWait.Clear();
        (_appended, _published) = (0, 0);
    }

    // Time goes from event to event: the next frame, or the moment at which the writer means to look.
    private int Load(double perSecond, TimeSpan every, Func<long, LatencyClass> classOf)
    {
        var budget = new WriteBudget(perSecond, _time);
        var store = new PaidStore(budget);
        using var bench = new LaneBench(setup => setup with { Store = store, Time = _time, Linger = LaneLinger.OfBlobs, Budget = budget });
        var began = _time.GetTimestamp();
        var next = TimeSpan.Zero;
        while (next < Run)
        {
            var now = _time.GetElapsedTime(began);
            if (now >= next)
            {
                var latencyClass = classOf(_appended);
                Assert.Equal(EnqueueStatus.Accepted, bench.Lane.Append(LaneCalls.Request(bench.Partition, this, _appended, state: (latencyClass, _time.GetTimestamp()), latencyClass: latencyClass)));
                _appended++;
                next += every;
            }

            bench.RunAll();
            var pause = bench.Lane.Pause;
            var step = pause == Timeout.InfiniteTimeSpan || pause > next - now ? next - now : pause;
            if (step > TimeSpan.Zero) _time.Advance(step);
        }

        bench.RunAll();
        if (bench.Lane.Pause != Timeout.InfiniteTimeSpan) _time.Advance(bench.Lane.Pause);
        bench.RunAll();
        return store.Operations;
    }
}
