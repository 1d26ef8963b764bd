using OrleansStream.Log.Manifests;
using OrleansStream.Log.Retention;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Tests.Retention;

public sealed class RetentionRuleTests
{
    private const long NowMs = 1_000_000;

    private static readonly PartitionSettings Forever = new() { RetentionMs = -1, RetentionBytes = -1, SegmentBytes = 100, SegmentMs = long.MaxValue };

    // Ten offsets and 100 bytes each: every extent is a piece of its own.
    private static List<Extent> Log(params long[] timestamps) => [.. timestamps.Select((ms, i) => Piece(i, ms))];

    [Theory, InlineData(1000, 0), InlineData(999, 20), InlineData(0, 20)]
    public void A_piece_goes_when_its_newest_record_is_older_than_retention_ms(long retentionMs, long expected) =>
        Assert.Equal(expected, NewStart(Log(NowMs - 1000, NowMs - 1000, NowMs), Forever with { RetentionMs = retentionMs }));

    [Fact]
    public void The_first_piece_that_is_young_enough_keeps_all_behind_it() =>
        Assert.Equal(10, NewStart(Log(NowMs - 500, NowMs - 10, NowMs - 500, NowMs), Forever with { RetentionMs = 100 }));

    [Fact]
    public void A_timestamp_in_the_future_keeps_its_piece() =>
        Assert.Equal(0, NewStart(Log(NowMs + 1, NowMs - 500), Forever with { RetentionMs = 100 }));

    [Fact]
    public void A_piece_without_timestamps_stays() =>
        Assert.Equal(0, NewStart(Log(-1, NowMs - 500), Forever with { RetentionMs = 100 }));

    // As Apache Kafka does, which rolls its active segment for it.
    [Fact]
    public void The_newest_piece_goes_too_when_all_its_records_are_too_old() =>
        Assert.Equal(20, NewStart(Log(NowMs - 500, NowMs - 500), Forever with { RetentionMs = 100 }));

    [Theory, InlineData(300, 0), InlineData(299, 0), InlineData(200, 10), InlineData(199, 10), InlineData(100, 20), InlineData(1, 20), InlineData(0, 30)]
    public void A_piece_goes_by_size_only_if_the_rest_still_has_retention_bytes(long retentionBytes, long expected) =>
        Assert.Equal(expected, NewStart(Log(1, 1, 1), Forever with { RetentionBytes = retentionBytes }));

    [Fact]
    public void Whichever_of_time_and_size_lets_more_go_decides() =>
        Assert.Equal(20, NewStart(Log(NowMs - 500, NowMs, NowMs), Forever with { RetentionMs = 100, RetentionBytes = 100 }));

    [Theory, InlineData(19, 10), InlineData(20, 20)]
    public void Nothing_at_or_above_the_high_watermark_goes(long highWatermark, long expected) =>
        Assert.Equal(expected, RetentionRule.NewLogStart(Log(1, 1, 1), Offset.Zero, new Offset(highWatermark), Forever with { RetentionMs = 100 }, NowMs).Value);

    [Fact]
    public void A_topic_that_does_not_delete_keeps_everything() =>
        Assert.Equal(0, NewStart(Log(1, 1), Forever with { RetentionMs = 0, RetentionBytes = 0, Deletes = false }));

    [Fact]
    public void Without_bounds_everything_stays() => Assert.Equal(0, NewStart(Log(1, 1), Forever));

    [Theory, InlineData(199, 2), InlineData(200, 1)]
    public void A_piece_has_at_most_segment_bytes(int segmentBytes, int pieces) =>
        Assert.Equal(pieces, LogPiece.Of(Log(5, 5), Forever with { SegmentBytes = segmentBytes }).Count);

    [Theory, InlineData(9, 2), InlineData(10, 1)]
    public void A_piece_spans_at_most_segment_ms(long segmentMs, int pieces) =>
        Assert.Equal(pieces, LogPiece.Of(Log(5, 15), Forever with { SegmentBytes = 1000, SegmentMs = segmentMs }).Count);

    // Small extents are let go together, as one of Kafka's segment files: an old one waits for the young one in its piece.
    [Fact]
    public void A_piece_goes_as_a_whole() =>
        Assert.Equal(0, NewStart(Log(NowMs - 500, NowMs), Forever with { SegmentBytes = 200, RetentionMs = 100 }));

    private static long NewStart(List<Extent> log, PartitionSettings settings) =>
        RetentionRule.NewLogStart(log, Offset.Zero, log[^1].LastOffset + 1, settings, NowMs).Value;

    private static SegmentExtent Piece(int index, long timestampMs) =>
        new($"s{index}", default, new Offset(10 * index), new Offset((10 * index) + 9), 100, timestampMs);
}
