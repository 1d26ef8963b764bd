using Microsoft.Extensions.Time.Testing;
using OrleansStream.Log.Economy;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Storage;
using OrleansStream.Testing.Blobs;
using OrleansStream.Testing.Lanes;

namespace OrleansStream.Log.AzureBlobs.Tests.Lanes;

/// <summary>A lane on an account that is asked too much: one queue, pauses, larger blocks, a bounded buffer, and an end if it lasts.</summary>
public sealed class ThrottledLaneTests
{
    private readonly FakeTimeProvider _pauses = new();

    [Fact]
    public async Task Refused_puts_are_tried_one_at_a_time_and_published_in_order_when_one_got_through()
    {
        await using var lane = Held();
        lane.Append(0, 1, 2, 3);
        foreach (var slot in new[] { 2, 0, 3, 1 }) lane.Release(slot, BlobFault.Busy);
        Assert.Empty(lane.Blobs.Held);

        for (var trial = 0; trial < 3; trial++)
        {
            _pauses.Advance(TimeSpan.FromSeconds(2));
            Assert.Equal([lane.NameOf(0)], lane.Blobs.Held);
            lane.Release(0, BlobFault.Busy);
        }

        _pauses.Advance(TimeSpan.FromSeconds(2));
        lane.Release(0);
        Assert.Equal([0L], lane.Published);
        Assert.Equal([lane.NameOf(1), lane.NameOf(2), lane.NameOf(3)], lane.Blobs.Held);
        foreach (var slot in new[] { 1, 2, 3 }) lane.Release(slot);

        Assert.Equal([0L, 1, 2, 3], lane.Published);
        Assert.Equal(7, lane.Store.Throttled);
    }

    [Fact]
    public async Task What_is_sealed_while_the_account_is_too_busy_waits_behind_what_was_refused()
    {
        await using var lane = Held();
        lane.Append(0);
        lane.Release(0, BlobFault.Busy);
        lane.Append(1);
        Assert.Empty(lane.Blobs.Held);

        _pauses.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Equal([lane.NameOf(0)], lane.Blobs.Held);
        lane.Release(0);

        Assert.Equal([lane.NameOf(1)], lane.Blobs.Held);
        lane.Release(1);
        Assert.Equal([0L, 1], lane.Published);
    }

    // A look at the slot would be one more request for an account that has too many.
    [Fact]
    public async Task A_refused_put_is_not_looked_up()
    {
        await using var lane = Held();
        lane.Append(0);
        lane.Release(0, BlobFault.Busy);
        _pauses.Advance(TimeSpan.FromMilliseconds(100));
        lane.Release(0);

        Assert.Equal([BlobCallKind.Put, BlobCallKind.Put], lane.Blobs.Calls.Select(call => call.Kind));
        Assert.Equal([0L], lane.Published);
    }

    // Whatever stands before the service may say so after the service has acted.
    [Fact]
    public async Task W1_a_put_that_was_done_and_told_as_refused_meets_itself()
    {
        await using var lane = Held();
        lane.Append(0);
        lane.Release(0, BlobFault.FalseBusy);
        _pauses.Advance(TimeSpan.FromMilliseconds(100));
        lane.Release(0);

        Assert.Equal([BlobCallKind.Put, BlobCallKind.Put, BlobCallKind.Read], lane.Blobs.Calls.Select(call => call.Kind));
        Assert.Equal([0L], lane.Published);
    }

    [Fact]
    public async Task W1_a_fence_that_came_while_the_put_waited_for_its_turn_ends_the_lane()
    {
        await using var lane = Held();
        lane.Append(0);
        lane.Release(0, BlobFault.Busy);
        lane.Blobs.HoldsPuts = false;
        var fence = AzureBlobs.Lanes.FenceBlob.Write(lane.Session, Model.Ids.Slot.Zero, generation: 0, Guid.Empty);
        await lane.Blobs.PutAsync(lane.NameOf(0), new(fence), expected: null, Guid.Empty, TestContext.Current.CancellationToken);

        _pauses.Advance(TimeSpan.FromMilliseconds(100));
        lane.Run();

        Assert.Equal([0L], lane.Lost);
        Assert.Empty(lane.InDoubt);
    }

    [Theory]
    [InlineData(BlobFault.RequestLost)]
    [InlineData(BlobFault.AnswerLost)]
    public async Task A_trial_that_ends_in_another_way_lets_the_others_go(BlobFault fault)
    {
        await using var lane = Held();
        lane.Append(0, 1);
        lane.Release(0, BlobFault.Busy);
        lane.Release(1, BlobFault.Busy);
        _pauses.Advance(TimeSpan.FromMilliseconds(100));

        lane.Release(0, fault);

        Assert.Contains(lane.NameOf(1), lane.Blobs.Held);
        lane.Release(1);
        _pauses.Advance(TimeSpan.FromMilliseconds(100));
        if (fault == BlobFault.RequestLost) lane.Release(0);
        lane.Run();
        Assert.Equal([0L, 1], lane.Published);
    }

    [Fact]
    public async Task W2_an_account_that_stays_too_busy_for_its_time_ends_the_lane()
    {
        await using var lane = Held();
        lane.Append(0, 1);
        lane.Release(0, BlobFault.Busy);
        lane.Release(1, BlobFault.Busy);
        var trials = 0;
        for (var elapsed = TimeSpan.Zero; elapsed < TimeSpan.FromSeconds(59.9); elapsed += TimeSpan.FromMilliseconds(100))
        {
            _pauses.Advance(TimeSpan.FromMilliseconds(100));
            if (lane.Blobs.Held.Count == 0) continue;
            lane.Release(0, BlobFault.Busy);
            trials++;
        }

        Assert.Null(lane.Lane.End);
        Assert.InRange(trials, 25, 70); // As seldom as it asks.
        _pauses.Advance(TimeSpan.FromMilliseconds(100));
        lane.Run();

        Assert.Equal([0L, 1], lane.Lost);
        Assert.Equal([0L, 1], lane.InDoubt); // Refused, as it says; but what stands before an account says so too.
        Assert.IsType<OutcomeUnknownException>(lane.Lane.End!.Cause!.InnerException);
        Assert.Contains("asked too much", lane.Lane.End.Reason, StringComparison.Ordinal);
    }

    // Bounded: blocks on their way, and what the lane's open bytes allow behind them.
    [Fact]
    public async Task What_comes_meanwhile_is_buffered_up_to_a_bound_in_few_and_large_blocks()
    {
        await using var lane = Held(LaneLinger.OfBlobs);
        lane.Append(0);
        lane.Release(0, BlobFault.Busy);
        var offset = 1L;
        while (lane.Lane.Append(LaneCalls.Request(lane.Partition, lane.Owner, offset, 100_000)) == EnqueueStatus.Accepted)
        {
            offset++;
            lane.Time.Advance(TimeSpan.FromMilliseconds(5));
            lane.Run();
        }

        Assert.InRange(lane.Lane.OpenBytes, 20L << 20, 32L << 20);
        _pauses.Advance(TimeSpan.FromMilliseconds(100));
        lane.Blobs.HoldsPuts = false;
        lane.Release(0);
        for (var round = 0; lane.Owner.Published.Count < offset && round < 100; round++)
        {
            lane.Time.Advance(TimeSpan.FromMilliseconds(5));
            lane.Run();
        }

        Assert.Equal(Enumerable.Range(0, (int)offset).Select(static each => (long)each), lane.Published);
        Assert.InRange(lane.Blobs.Names.Count, 5, 20); // More than 20 MB, in blocks that grow to 4 MiB.
    }

    [Fact]
    public async Task While_it_is_refused_the_lane_waits_longer_between_blocks()
    {
        await using var lane = Held(LaneLinger.OfBlobs);
        lane.Append(0);
        lane.Release(0, BlobFault.Busy);
        lane.Time.Advance(LaneLinger.OfBlobs.Low);
        lane.Append(1);

        Assert.Equal(LaneLinger.OfBlobs.Low * 2, lane.Lane.LingerOf(LatencyClass.Low));
        Assert.Equal(LaneLinger.OfBlobs.Economy * 2, lane.Lane.LingerOf(LatencyClass.Economy));
    }

    private SimulatedLane Held(LaneLinger? linger = null)
    {
        var lane = new SimulatedLane(pauses: _pauses, linger: linger);
        lane.Blobs.HoldsPuts = true;
        return lane;
    }
}
