using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Model;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Lanes;

namespace OrleansStream.Log.Tests.Lanes;

/// <summary>What the lane index makes of frames that are carried, of their age, and of what they were inherited from (rules S1, S4, T1).</summary>
public sealed class CarriedFramesTests : IDisposable
{
    private static readonly TimeSpan Age = TimeSpan.FromMinutes(10);

    private readonly LaneBench _bench = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private LaneIndex Index => _bench.Lane.Index;

    private PartitionId Partition => _bench.Partition.Partition;

    public void Dispose() => _bench.Dispose();

    // The mutant "second entry for a carried frame": it would be cut twice.
    [Fact]
    public void S4_a_carried_frame_of_this_session_never_gets_an_entry_of_its_own()
    {
        Append(0, 1, 2);
        Carry(0, 1, 2);

        Assert.Equal([(0L, 2L, 3L, 5L)], Extents());
    }

    [Fact]
    public void S4_frames_of_a_dead_session_that_are_carried_get_an_entry_before_those_of_this_one()
    {
        Append(100, 101);
        Carry(50, 51);

        Assert.Equal([(50L, 51L, 2L, 3L), (100L, 101L, 0L, 1L)], Extents());
        Assert.Equal(new Offset(102), Index.PublishedEnd(Partition));
        Assert.True(Index.Holds(Partition, new Offset(50), new Offset(51)));
        Assert.False(Index.Holds(Partition, new Offset(50), new Offset(52)));
        Assert.False(Index.Holds(Partition, new Offset(49), new Offset(51)));
    }

    // The manifest may still name where the first ones stood before.
    [Fact]
    public void S4_what_was_inherited_and_what_is_new_never_share_an_entry()
    {
        Carry(50, 51);
        Append(52, 53);

        Assert.Equal([(50L, 51L), (52L, 53L)], Extents().Select(extent => (extent.Base, extent.Last)));
    }

    // A segment covers it by now, or log start: an entry would keep the new slot for ever.
    [Theory, InlineData(50, true), InlineData(51, false), InlineData(70, false)]
    public void T1_a_copy_of_a_frame_that_was_forgotten_while_it_was_on_its_way_keeps_no_slot(long forgottenBelow, bool expected)
    {
        Append(60);
        Index.ForgetBelow(Partition, new Offset(forgottenBelow));
        Carry(50);

        Assert.Equal(expected, Extents().Any(extent => extent.Base == 50));
    }

    [Fact]
    public void S4_age_counts_from_the_first_append_and_each_carry_gives_as_much_again()
    {
        Append(0, 1);
        var first = DueAt();
        Assert.Equal(Age, _bench.Time.GetElapsedTime(_bench.Time.GetTimestamp(), first));

        _bench.Time.Advance(TimeSpan.FromMinutes(3));
        Append(2);
        Assert.Equal(first, DueAt());

        _bench.Time.Advance(TimeSpan.FromMinutes(7));
        Carry(0, 1, 2);
        Assert.Equal(Age, _bench.Time.GetElapsedTime(first, DueAt()));
        Assert.Equal(1, Unsplit().Carries);

        Carry(0, 1, 2);
        Assert.Equal(2 * Age, _bench.Time.GetElapsedTime(first, DueAt()));
        Assert.Equal(2, Unsplit().Carries);
    }

    // How often its dead session carried it nobody knows any more.
    [Fact]
    public void S4_what_was_inherited_counts_as_carried_twice_and_is_due_after_one_age()
    {
        Carry(50);

        Assert.Equal(2, Unsplit().Carries);
        Assert.Equal(Age, _bench.Time.GetElapsedTime(_bench.Time.GetTimestamp(), DueAt()));
    }

    // Else a frame that is published while its neighbours are carried would keep all of them in their old slots.
    [Fact]
    public void S4_an_entry_that_is_to_be_carried_takes_no_new_frame()
    {
        Append(0, 1);
        var carried = new List<WalExtent>();
        Index.CopyForCarry(Partition, carried);
        Append(2);
        Carry(0, 1);

        Assert.Equal((0L, 1L), (Assert.Single(carried).BaseOffset.Value, carried[0].LastOffset.Value));
        Assert.Equal([(0L, 1L, 3L, 4L), (2L, 2L, 2L, 2L)], Extents());

        Append(3); // Whole again, and used again: no more entries than bytes ask for.
        Assert.Equal(2, Extents().Count);
    }

    [Fact]
    public async Task Bytes_are_counted_from_the_trim_point_on()
    {
        await _bench.Sessions.CompareAndSetAsync(new SessionRecord(_bench.Lane.Session, SessionState.Open, Slot.Zero, null), null, Token);
        for (var i = 0; i < 20; i++) AppendOne(i, Limits.MiB / 4);
        var stored = Index.HeldBytes;
        Assert.InRange(stored, 20 * Limits.MiB / 4, 21 * Limits.MiB / 4);
        Assert.InRange(Index.EndOfOldest(Limits.MiB)!.Value.Value, 3, 5);
        Assert.Equal(_bench.Lane.PublishedEnd, Index.EndOfOldest(long.MaxValue));

        Index.ForgetBelow(Partition, new Offset(10));
        await _bench.Lane.TrimAsync(Token);
        Assert.InRange(Index.HeldBytes, stored / 2, (stored / 2) + (2 * Limits.MiB));

        Index.ForgetBelow(Partition, new Offset(20));
        await _bench.Lane.TrimAsync(Token);
        Assert.Equal((0L, null), (Index.HeldBytes, Index.EndOfOldest(1)));
    }

    private void Append(params long[] offsets)
    {
        foreach (var offset in offsets) AppendOne(offset, 100);
    }

    private void AppendOne(long offset, int length)
    {
        _bench.Append(offset, length);
        _bench.RunAll();
    }

    private void Carry(params long[] offsets)
    {
        foreach (var offset in offsets)
        {
            Assert.Equal(EnqueueStatus.Accepted, _bench.Lane.Append(LaneCalls.Request(_bench.Partition, _bench.Owner, offset) with { IsCarried = true }));
            _bench.RunAll();
        }
    }

    private UnsplitHolding Unsplit()
    {
        var holdings = new List<UnsplitHolding>();
        Index.CopyUnsplit(Age, _bench.Time, holdings);
        return Assert.Single(holdings);
    }

    private long DueAt() => Unsplit().DueAt;

    private List<(long Base, long Last, long FirstSlot, long LastSlot)> Extents()
    {
        var extents = new List<WalExtent>();
        Index.CopyTo(Partition, Offset.Zero, extents);
        return [.. extents.Select(extent => (extent.BaseOffset.Value, extent.LastOffset.Value, extent.FirstSlot.Value, extent.LastSlot.Value))];
    }
}
