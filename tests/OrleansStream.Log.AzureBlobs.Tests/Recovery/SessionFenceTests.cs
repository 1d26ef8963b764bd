using OrleansStream.Log.AzureBlobs.Lanes;
using OrleansStream.Log.AzureBlobs.Recovery;
using OrleansStream.Log.AzureBlobs.Tests.Lanes;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Blobs;
using OrleansStream.Testing.Lanes;

namespace OrleansStream.Log.AzureBlobs.Tests.Recovery;

/// <summary>Rules X1 to X4, one by one, and by seed against a writer that is alive.</summary>
public sealed class SessionFenceTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(70)]
    public async Task X3_the_end_is_the_lowest_slot_without_a_block(int blocks)
    {
        await using var lane = new SimulatedLane();
        await lane.OpenAsync();
        for (var offset = 0; offset < blocks; offset++) lane.Append(offset);

        var fenced = await FenceAsync(lane);

        Assert.Equal(new FencedSession(lane.Session, Slot.Zero, new Slot(blocks)), fenced);
        Assert.True(FenceBlob.IsFenceOf(lane.Blobs[lane.NameOf(blocks)], lane.Session, new Slot(blocks)));
        Assert.Equal(new SessionRecord(lane.Session, SessionState.Fencing, Slot.Zero, new Slot(blocks)), (await lane.Sessions.GetAsync(lane.Session, Token))!.Record);
        lane.Append(1_000);
        Assert.Equal([1_000L], lane.Lost);
    }

    [Fact]
    public async Task It_may_be_done_again_and_ends_at_the_same_slot()
    {
        await using var lane = new SimulatedLane();
        await lane.OpenAsync();
        lane.Append(0, 1, 2);

        var first = await FenceAsync(lane);
        var calls = lane.Blobs.Calls.Count;
        var second = await FenceAsync(lane);

        Assert.Equal(first, second);
        Assert.Equal(1, lane.Blobs.Calls.Count - calls); // The record says it.
    }

    [Fact]
    public async Task X1_a_missing_record_is_created_so_that_the_session_never_begins()
    {
        await using var lane = new SimulatedLane();

        var fenced = await FenceAsync(lane);

        Assert.Equal(Slot.Zero, fenced!.End);
        Assert.False(await lane.Sessions.CompareAndSetAsync(new SessionRecord(lane.Session, SessionState.Open, Slot.Zero, End: null), null, Token));
    }

    [Fact]
    public async Task A_closed_session_has_nothing_for_anybody()
    {
        await using var lane = new SimulatedLane();
        Assert.True(await lane.Sessions.CompareAndSetAsync(new SessionRecord(lane.Session, SessionState.Closed, Slot.Zero, Slot.Zero), null, Token));

        Assert.Null(await FenceAsync(lane));
    }

    [Fact]
    public async Task X1_a_trim_that_comes_after_the_fence_ends_its_lane_and_deletes_nothing()
    {
        await using var lane = new SimulatedLane();
        await lane.OpenAsync();
        lane.Append(0, 1, 2);
        var fenced = await FenceAsync(lane);
        lane.Lane.Index.ForgetBelow(lane.Partition.Partition, new Offset(3));

        await lane.Lane.TrimAsync(Token);
        lane.Run();

        Assert.NotNull(lane.Lane.End);
        Assert.Equal(Slot.Zero, fenced!.TrimPoint);
        Assert.Contains(lane.NameOf(0), lane.Blobs.Names);
    }

    [Fact]
    public async Task X3_the_walk_begins_at_the_trim_point_and_asks_for_nothing_below()
    {
        await using var lane = new SimulatedLane();
        await lane.OpenAsync();
        lane.Append(0, 1, 2);
        lane.Lane.Index.ForgetBelow(lane.Partition.Partition, new Offset(3));
        await lane.Lane.TrimAsync(Token);
        lane.Append(3, 4);
        for (var slot = 0; slot < 3; slot++) await lane.Blobs.DeleteAsync(lane.NameOf(slot), Token);

        var fenced = await FenceAsync(lane);

        Assert.Equal(new FencedSession(lane.Session, new Slot(3), new Slot(5)), fenced);
        Assert.Equal(["3", "4"], (await new SessionScan(lane.Recovery).ReadAsync(fenced!, Token)).Partitions.Values.Single().Extents.SelectMany(Offsets).Select(offset => $"{offset}"));
    }

    // A block above a hole was never acknowledged: it is no part of the session, whether it stays or goes.
    [Fact]
    public async Task X3_a_block_above_a_hole_is_above_the_end()
    {
        await using var lane = new SimulatedLane();
        await lane.OpenAsync();
        lane.Blobs.HoldsPuts = true;
        lane.Append(0, 1, 2);
        lane.Release(0);
        lane.Release(2);
        lane.Blobs.HoldsPuts = false;

        Assert.Equal(new Slot(1), (await FenceAsync(lane))!.End);

        lane.Release(1);
        Assert.Equal([0L], lane.Published);
        Assert.Equal([1L, 2], lane.Lost);
    }

    [Fact]
    public async Task X2_a_far_fence_means_nothing_by_itself()
    {
        await using var lane = new SimulatedLane();
        await lane.OpenAsync();
        lane.Append(0, 1);
        var far = new Slot(1 + SessionFence.FarSlots);
        await lane.Blobs.PutAsync(lane.NameOf(far.Value), new(FenceBlob.Write(lane.Session, far, 0, Guid.Empty)), null, Guid.Empty, Token); // Of one who died here.

        lane.Append(2); // The writer is alive.

        Assert.Equal(new Slot(3), (await FenceAsync(lane))!.End);
        Assert.Equal([0L, 1, 2], lane.Published);
    }

    [Fact]
    public async Task A_slot_with_something_else_is_damage()
    {
        await using var lane = new SimulatedLane();
        await lane.OpenAsync();
        await lane.Blobs.PutAsync(lane.NameOf(0), new([1, 2, 3]), null, Guid.Empty, Token);

        var damage = await Assert.ThrowsAsync<CorruptBlockException>(async () => await FenceAsync(lane));
        Assert.Equal(lane.NameOf(0), damage.Location);
    }

    // The race that fences are for: a writer that is alive, two brokers that take it for dead, and an account that loses answers, in every order that a seed
    // makes. What was acknowledged lies below the end, what lies below is whole, and both find the same end.
    [Fact]
    public async Task Against_a_live_writer_all_find_one_end_with_all_that_was_acknowledged_below_it()
    {
        var ends = new HashSet<long>();
        for (var seed = 0; seed < 300; seed++) ends.Add((await RaceAsync(seed)).Value);

        Assert.True(ends.Count > 10, $"The seeds make few different races: {string.Join(' ', ends)}"); // Else it proves little.
    }

    private static async Task<Slot> RaceAsync(int seed)
    {
        var chance = new Random(seed);
        await using var lane = new SimulatedLane(depth: 1 + (seed % 8));
        await lane.OpenAsync();
        var race = new Race(lane, chance);
        for (var step = chance.Next(20); step > 0; step--) race.WriterSteps();

        lane.Blobs.BeforeCall = race.BeforeCall;
        lane.Blobs.Faults = race.Fault;
        var first = await FenceAsync(lane);
        var second = await FenceAsync(lane);
        lane.Blobs.BeforeCall = null;
        lane.Blobs.Faults = null;
        race.Finish();

        var context = $"seed {seed}";
        Assert.True(first == second, context);
        if (race.Other is { } other) Assert.True(first == other, context);
        Assert.True(lane.Owner.Published.All(frame => frame.Slot < first!.End), context);
        Assert.Equal(first!.End, (await lane.Sessions.GetAsync(lane.Session, Token))!.Record.End);
        var found = (await new SessionScan(lane.Recovery).ReadAsync(first, Token)).Partitions.Values.SelectMany(frames => frames.Extents.SelectMany(Offsets)).ToList();
        Assert.True(found.Take(lane.Published.Count()).SequenceEqual(lane.Published), context);
        Assert.True(found.SequenceEqual(Enumerable.Range(0, found.Count).Select(offset => (long)offset)), context);
        return first.End;
    }

    // A fence in the place of a lost block would make it the end of the session, and hide for ever that acknowledged data is gone.
    [Theory]
    [InlineData(20, 5)] // Too far below the last one to have been on its way.
    [InlineData(8, 5)] // Near it, but the next ones were written when it was durable.
    public async Task R1_a_block_that_is_lost_in_the_middle_is_damage_and_no_end(int blocks, int lost)
    {
        await using var lane = new SimulatedLane();
        await lane.OpenAsync();
        for (var offset = 0; offset < blocks; offset++) lane.Append(offset);
        var bytes = lane.Blobs[lane.NameOf(lost)];
        await lane.Blobs.DeleteAsync(lane.NameOf(lost), Token);

        var damage = await Assert.ThrowsAsync<CorruptBlockException>(async () => await FenceAsync(lane));

        Assert.Equal(lane.NameOf(lost), damage.Location);
        Assert.DoesNotContain(lane.NameOf(lost), lane.Blobs.Names);
        await lane.Blobs.PutAsync(lane.NameOf(lost), new(bytes), expected: null, Guid.Empty, Token);
        Assert.Equal(new Slot(blocks), (await FenceAsync(lane))!.End);
    }

    private static IEnumerable<long> Offsets(WalExtent extent) => Enumerable.Range(0, (int)(extent.LastOffset.Value - extent.BaseOffset.Value + 1)).Select(offset => extent.BaseOffset.Value + offset);

    // As its caller does when storage fails: again.
    private static async ValueTask<FencedSession?> FenceAsync(SimulatedLane lane)
    {
        while (true)
        {
            try
            {
                return await new SessionFence(lane.Recovery).FenceAsync(lane.Session, Token);
            }
            catch (StorageException failed) when (failed.IsTransient)
            {
                Token.ThrowIfCancellationRequested();
            }
        }
    }

    /// <summary>Before each call of the one who fences, the writer and another who fences do some steps.</summary>
    private sealed class Race(SimulatedLane lane, Random chance)
    {
        private long _offset;
        private bool _isInside;

        public FencedSession? Other { get; private set; }

        public BlobFault Fault(BlobCall call)
        {
            if (chance.Next(4) > 0) return BlobFault.None;
            return call.IsPut ? (BlobFault)chance.Next(1, 6) : call.Kind == BlobCallKind.Read ? BlobFault.RequestLost : BlobFault.None;
        }

        public void BeforeCall(BlobCall call)
        {
            if (_isInside) return;
            _isInside = true;
            if (lane.Blobs.LatePuts > 0 && chance.Next(3) == 0) lane.Blobs.DeliverLate(chance.Next(lane.Blobs.LatePuts));
            for (var steps = chance.Next(4); steps > 0; steps--) WriterSteps();
            if (Other is null && chance.Next(8) == 0) FenceToo();
            _isInside = false;
        }

        public void WriterSteps()
        {
            if (chance.Next(3) > 0)
            {
                lane.Blobs.HoldsPuts = true;
                if (lane.Lane.Append(LaneCalls.Request(lane.Partition, lane.Owner, _offset)) == EnqueueStatus.Accepted) _offset++;
                lane.Run();
                lane.Blobs.HoldsPuts = false;
            }
            else
            {
                ReleaseOne((BlobFault)Math.Max(0, chance.Next(-4, 6)));
            }
        }

        public void Finish()
        {
            while (lane.Blobs.Held.Count > 0) ReleaseOne(BlobFault.None);
            while (lane.Blobs.LatePuts > 0) lane.Blobs.DeliverLate();
            lane.Run();
        }

        private void ReleaseOne(BlobFault fault)
        {
            if (lane.Blobs.Held is not { Count: > 0 } held) return;
            lane.Blobs.HoldsPuts = true; // What is sent again waits again.
            lane.Release(long.Parse(held[chance.Next(held.Count)].Split('/')[^1], System.Globalization.NumberStyles.HexNumber, null), fault);
            lane.Blobs.HoldsPuts = false;
        }

        private void FenceToo()
        {
            var fencing = FenceAsync(lane).AsTask();
            Assert.True(fencing.IsCompleted, "Nothing in it waits for anybody.");
            Other = fencing.Result;
        }
    }
}
