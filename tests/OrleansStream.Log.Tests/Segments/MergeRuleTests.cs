using System.Collections.Immutable;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Serving;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Tests.Segments;

/// <summary>Which segments are joined, unless an operator wants it otherwise (rule S5).</summary>
public sealed class MergeRuleTests
{
    // What ten partitions have in the eighth of a lane that is emptied at once: to join two of them would write every byte a third time, soon after the second.
    [Fact]
    public void Segments_of_a_lane_that_is_full_of_few_partitions_are_not_written_again() =>
        Assert.Empty(MergeRule.Find(Segments(48 * Limits.MiB / 10, count: 8), new PartitionSettings(), new MergeOptions()));

    [Fact]
    public void Smaller_ones_are_joined_once_they_make_up_one_that_is_not_small() =>
        Assert.Equal(2, MergeRule.Find(Segments((4 * Limits.MiB) - 1, count: 2), new PartitionSettings(), new MergeOptions()).Length);

    private static ImmutableArray<Extent> Segments(int bytes, int count) =>
        [.. Enumerable.Range(0, count).Select(index => new SegmentExtent($"p/{index}", new LeaderEpoch(1), new Offset(index * 10), new Offset((index * 10) + 9), bytes, index))];
}
