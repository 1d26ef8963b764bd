using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Tests.Lanes;

public sealed class RecoveredRunsTests
{
    private static readonly SessionId Session = new(new BrokerId(1), new Guid(1, 0, 0, new byte[8]));

    // Whoever reads a run asks for each of its slots, also where that is a request for nothing.
    [Fact]
    public void A_run_spans_no_more_slots_than_it_may()
    {
        var runs = new RecoveredRuns(maxSlots: 10);
        for (var offset = 0; offset < 4; offset++) runs.Extend(Run(offset, slot: offset * 5));

        Assert.Equal([(0L, 1L, 0L, 5L), (2L, 3L, 10L, 15L)], Ranges(runs.ToExtents()));
    }

    [Fact]
    public void Without_a_bound_only_bytes_end_a_run()
    {
        var runs = new RecoveredRuns();
        for (var offset = 0; offset < 4; offset++) runs.Extend(Run(offset, slot: offset * 1_000_000L, bytes: 30_000));

        Assert.Equal([(0L, 1L, 0L, 1_000_000L), (2L, 3L, 2_000_000L, 3_000_000L)], Ranges(runs.ToExtents()));
    }

    // They stand in manifests, which are written as a whole.
    [Theory]
    [InlineData(100, 100)]
    [InlineData(99, 50)]
    [InlineData(50, 50)]
    [InlineData(25, 25)]
    [InlineData(10, 7)]
    public void Where_there_would_be_too_many_they_span_more_slots(int wanted, int count)
    {
        var runs = new RecoveredRuns(maxSlots: 10);
        for (var offset = 0; offset < 100; offset++) runs.Extend(Run(offset, slot: offset * 10));

        var extents = runs.ToExtents(wanted);
        Assert.Equal(count, extents.Count);
        for (var index = 1; index < extents.Count; index++) Assert.Equal(extents[index - 1].LastOffset + 1, extents[index].BaseOffset);
        Assert.Equal((0, 99, 990, 1_000), (extents[0].BaseOffset.Value, extents[^1].LastOffset.Value, extents[^1].LastSlot.Value, extents.Sum(static extent => extent.Bytes)));
    }

    [Fact]
    public void Where_bytes_or_missing_offsets_keep_them_apart_there_are_as_many_as_it_takes()
    {
        var runs = new RecoveredRuns(maxSlots: 10);
        for (var run = 0; run < 20; run++) runs.Extend(Run(run < 10 ? run : run * 2, slot: run * 10, bytes: run < 10 ? 40_000 : 10));

        Assert.Equal(20, runs.ToExtents(wanted: 2).Count);
    }

    private static WalExtent Run(long offset, long slot, long bytes = 10) => new(Session, new Slot(slot), new Slot(slot), new Offset(offset), new Offset(offset), bytes, 0);

    private static IEnumerable<(long First, long Last, long FirstSlot, long LastSlot)> Ranges(IReadOnlyList<WalExtent> extents) =>
        extents.Select(static extent => (extent.BaseOffset.Value, extent.LastOffset.Value, extent.FirstSlot.Value, extent.LastSlot.Value));
}
