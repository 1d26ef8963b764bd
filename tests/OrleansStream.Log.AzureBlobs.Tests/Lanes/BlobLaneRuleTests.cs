using Microsoft.Extensions.Time.Testing;
using OrleansStream.Log.AzureBlobs.Lanes;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Blobs;

namespace OrleansStream.Log.AzureBlobs.Tests.Lanes;

/// <summary>Rules B1, B3, W1, W2 and T2 as the blob lane keeps them, schedule by schedule.</summary>
public sealed class BlobLaneRuleTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task W1_several_blocks_are_on_their_way_and_are_published_in_slot_order()
    {
        await using var lane = new SimulatedLane();
        lane.Blobs.HoldsPuts = true;
        lane.Append(0, 1, 2, 3, 4);
        Assert.Equal([lane.NameOf(0), lane.NameOf(1), lane.NameOf(2), lane.NameOf(3)], lane.Blobs.Held);

        lane.Release(2);
        lane.Release(1);
        Assert.Empty(lane.Published);
        lane.Release(0);
        Assert.Equal([0L, 1, 2], lane.Published);
        lane.Release(3);
        lane.Release(4);

        Assert.Equal([0L, 1, 2, 3, 4], lane.Published);
        Assert.All(Enumerable.Range(0, 5), slot => Assert.Null(BlockCodec.Verify(lane.Blobs[lane.NameOf(slot)])));
    }

    [Theory]
    [InlineData(BlobFault.RequestLost, 2)]
    [InlineData(BlobFault.AnswerLost, 1)]
    [InlineData(BlobFault.Late, 2)]
    [InlineData(BlobFault.Doubled, 1)]
    [InlineData(BlobFault.FalseConflict, 2)]
    [InlineData(BlobFault.Busy, 2)]
    [InlineData(BlobFault.FalseBusy, 2)]
    public async Task W1_whatever_becomes_of_a_put_its_slot_gets_its_block_once(BlobFault fault, int puts)
    {
        await using var lane = new SimulatedLane();
        Fail(lane, fault);

        lane.Append(0, 1);
        while (lane.Blobs.LatePuts > 0) Assert.False(lane.Blobs.DeliverLate());

        Assert.Equal([0L, 1], lane.Published);
        Assert.Null(lane.Lane.End);
        Assert.Equal(puts, lane.Blobs.Calls.Count(call => call.IsPut && call.Name == lane.NameOf(0)));
    }

    // Rule B1: the slot and the nonce of a block are the same in every try, or a copy could be taken for another block.
    [Fact]
    public async Task B1_every_try_sends_the_same_bytes()
    {
        await using var lane = new SimulatedLane();
        Fail(lane, BlobFault.Late);
        lane.Append(0);
        var stands = lane.Blobs[lane.NameOf(0)].ToArray();
        await lane.Blobs.DeleteAsync(lane.NameOf(0), Token);

        Assert.True(lane.Blobs.DeliverLate());
        Assert.Equal(stands, lane.Blobs[lane.NameOf(0)]);
    }

    [Theory]
    [InlineData(BlobFault.None)]
    [InlineData(BlobFault.AnswerLost)]
    [InlineData(BlobFault.RequestLost)]
    public async Task W1_a_fence_in_the_slot_ends_the_lane(BlobFault fault)
    {
        await using var lane = new SimulatedLane();
        lane.Append(0);
        await FenceAsync(lane, 1);
        Fail(lane, fault);

        lane.Append(1);

        Assert.Equal([0L], lane.Published);
        Assert.Equal([1L], lane.Lost);
        Assert.Empty(lane.InDoubt); // Where a fence stands no block of ours ever will.
        Assert.True(Assert.IsType<SlotTakenException>(lane.Lane.End!.Cause!.InnerException).IsFence);
        Assert.Contains("another broker has ended this session", lane.Lane.End.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task W1_a_block_that_is_not_ours_ends_the_lane()
    {
        await using var first = new SimulatedLane();
        first.Append(0);

        // The same name a second time, which is never to be: even then nothing is acknowledged twice.
        await using var second = new SimulatedLane(first.Blobs);
        second.Append(7);

        Assert.Equal([7L], second.Lost);
        Assert.Equal([7L], second.InDoubt);
        Assert.False(Assert.IsType<SlotTakenException>(second.Lane.End!.Cause!.InnerException).IsFence);
    }

    // The schedule for which fences are: the writer's blocks above the fence are there, but were never acknowledged.
    [Fact]
    public async Task B3_nothing_at_or_above_a_fence_is_acknowledged_though_it_stands()
    {
        await using var lane = new SimulatedLane();
        lane.Blobs.HoldsPuts = true;
        lane.Append(0, 1, 2);
        lane.Release(2);
        lane.Release(0);
        lane.Blobs.HoldsPuts = false;
        await FenceAsync(lane, 1);

        lane.Release(1);

        Assert.Contains(lane.NameOf(2), lane.Blobs.Names);
        Assert.Equal([0L], lane.Published);
        Assert.Equal([1L, 2], lane.Lost);
        Assert.Empty(lane.InDoubt); // Not even the one that stands: no recovery goes past the fence.
        Assert.Equal(new Slot(1), lane.Store.DurableEnd);
    }

    [Fact]
    public async Task B3_a_late_success_below_a_failure_changes_nothing()
    {
        await using var lane = new SimulatedLane();
        lane.Blobs.HoldsPuts = true;
        lane.Append(0, 1);
        await FenceUnheldAsync(lane, 1);
        lane.Blobs.HoldsPuts = true;
        lane.Release(1); // Fails: the lane ends with slot 0 still on its way.

        lane.Release(0);

        Assert.Equal(Slot.Zero, lane.Store.DurableEnd);
        Assert.Empty(lane.Published);
        Assert.Equal([0L, 1], lane.Lost);
        Assert.Equal([0L], lane.InDoubt); // It stands below the fence, and is in the log.
    }

    [Fact]
    public async Task W1_a_look_that_fails_decides_nothing()
    {
        await using var lane = new SimulatedLane();
        var reads = 0;
        var puts = 0;
        lane.Blobs.Faults = call => (call.IsPut && puts++ == 0) || (call.Kind == BlobCallKind.Read && reads++ == 0) ? BlobFault.AnswerLost : BlobFault.None;

        lane.Append(0);

        Assert.Equal([0L], lane.Published);
    }

    [Fact]
    public async Task W2_a_put_without_outcome_for_its_time_ends_the_lane()
    {
        var patience = new FakeTimeProvider();
        await using var lane = new SimulatedLane(pauses: patience);
        lane.Blobs.HoldsPuts = true;
        lane.Append(0, 1);

        patience.Advance(TimeSpan.FromSeconds(60) - TimeSpan.FromMilliseconds(1));
        lane.Run();
        Assert.Null(lane.Lane.End);
        var wakes = lane.Wakes;
        patience.Advance(TimeSpan.FromMilliseconds(1));

        Assert.True(lane.Wakes > wakes);
        lane.Run();
        Assert.Equal([0L, 1], lane.Lost);
        Assert.Equal([0L, 1], lane.InDoubt);
        Assert.IsType<OutcomeUnknownException>(lane.Lane.End!.Cause!.InnerException);
    }

    [Fact]
    public async Task What_waits_behind_blocks_without_an_outcome_was_never_sent_and_is_lost_for_certain()
    {
        var patience = new FakeTimeProvider();
        await using var lane = new SimulatedLane(depth: 2, pauses: patience);
        lane.Blobs.HoldsPuts = true;
        lane.Append(0, 1, 2, 3);

        patience.Advance(TimeSpan.FromSeconds(60));
        lane.Run();

        Assert.Equal([0L, 1, 2, 3], lane.Lost);
        Assert.Equal([0L, 1], lane.InDoubt);
    }

    // What is told of it as lost for certain must stay so.
    [Fact]
    public async Task Nothing_is_sent_any_more_once_the_lane_has_ended()
    {
        var pauses = new FakeTimeProvider();
        await using var lane = new SimulatedLane(pauses: pauses);
        lane.Blobs.HoldsPuts = true;
        lane.Append(0);
        lane.Release(0, BlobFault.Busy);
        lane.Append(1); // Waits for the account, and was never sent.
        lane.Lane.Abort(new LaneEnd("The session's record was changed.", null));
        lane.Run();

        pauses.Advance(TimeSpan.FromSeconds(30));

        Assert.Equal([0L], lane.InDoubt);
        Assert.Equal([0L, 1], lane.Lost);
        Assert.Empty(lane.Blobs.Held);
        Assert.Single(lane.Blobs.Calls, call => call.IsPut);
    }

    [Fact]
    public async Task A_refusal_for_good_ends_the_lane_at_once()
    {
        await using var lane = new SimulatedLane();
        lane.Blobs.BeforeCall = call => throw new StorageException(call.Name, "Write", "the account answered 403");

        lane.Append(0);

        Assert.Equal([0L], lane.Lost);
        Assert.Contains("403", lane.Lane.End!.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task T2_what_was_given_up_is_deleted_and_nothing_above_it()
    {
        await using var lane = new SimulatedLane();
        lane.Append([.. Enumerable.Range(0, 20).Select(offset => (long)offset)]);

        lane.Store.Forget(new Slot(12));

        Assert.Equal(Enumerable.Range(12, 8).Select(slot => lane.NameOf(slot)), lane.Blobs.Names);
        lane.Store.Forget(new Slot(12));
        lane.Store.Forget(new Slot(5));
        Assert.Equal(12, lane.Blobs.Calls.Count(call => call.Kind == BlobCallKind.Delete));
    }

    [Fact]
    public async Task T2_a_deletion_that_failed_is_made_by_the_next_one()
    {
        await using var lane = new SimulatedLane();
        lane.Append(0, 1, 2, 3);
        lane.Blobs.Faults = call => call.Kind == BlobCallKind.Delete && call.Name == lane.NameOf(1) ? BlobFault.RequestLost : BlobFault.None;
        lane.Store.Forget(new Slot(3));
        Assert.Contains(lane.NameOf(1), lane.Blobs.Names);

        lane.Blobs.Faults = null;
        lane.Store.Forget(new Slot(4));

        Assert.Empty(lane.Blobs.Names);
        Assert.Null(lane.Lane.End);
    }

    [Fact]
    public async Task An_idle_lane_asks_for_nothing()
    {
        await using var lane = new SimulatedLane();
        lane.Run();
        lane.Append(0);
        lane.Time.Advance(TimeSpan.FromHours(1));
        lane.Run();

        Assert.Equal([BlobCallKind.Put], lane.Blobs.Calls.Select(call => call.Kind));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(9)]
    public void A_depth_that_a_far_fence_could_not_outrun_is_refused(int depth) => Assert.Throws<ArgumentOutOfRangeException>(() => new SimulatedLane(depth: depth));

    private static void Fail(SimulatedLane lane, BlobFault fault)
    {
        var isDone = false;
        lane.Blobs.Faults = call =>
        {
            if (isDone || !call.IsPut) return BlobFault.None;
            isDone = true;
            return fault;
        };
    }

    private static async Task FenceAsync(SimulatedLane lane, long slot)
    {
        var fence = FenceBlob.Write(lane.Session, new Slot(slot), generation: 0, Guid.Empty);
        Assert.Equal(BlobOutcome.Written, (await lane.Blobs.PutAsync(lane.NameOf(slot), new(fence), expected: null, Guid.Empty, Token)).Outcome);
    }

    private static async Task FenceUnheldAsync(SimulatedLane lane, long slot)
    {
        lane.Blobs.HoldsPuts = false;
        await FenceAsync(lane, slot);
    }
}
