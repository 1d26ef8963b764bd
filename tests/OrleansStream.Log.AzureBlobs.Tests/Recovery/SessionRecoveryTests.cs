using OrleansStream.Log.AzureBlobs.Records;
using OrleansStream.Log.AzureBlobs.Recovery;
using OrleansStream.Log.AzureBlobs.Tests.Lanes;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Blobs;
using OrleansStream.Testing.Lanes;

namespace OrleansStream.Log.AzureBlobs.Tests.Recovery;

/// <summary>Rule R3, and a recovery as a whole.</summary>
public sealed class SessionRecoveryTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task R3_the_summary_is_written_once_and_answers_later_without_a_look_at_the_blocks()
    {
        await using var lane = await LaneAsync();
        var first = await RecoverAsync(lane);
        var calls = lane.Blobs.Calls.Count;

        var second = await RecoverAsync(lane);

        AssertSame(first!, second!);
        Assert.Equal(new FencedSession(lane.Session, Slot.Zero, new Slot(6)), second!.Fenced);
        Assert.Equal(["s/", "r/"], lane.Blobs.Calls.Skip(calls).Select(call => call.Name[..2]));
    }

    [Fact]
    public async Task It_tells_each_partition_s_frames()
    {
        await using var lane = await LaneAsync();

        var summary = await RecoverAsync(lane);

        Assert.Equal((0L, 2L), (summary!.FramesOf(lane.Partition.Partition)[0].BaseOffset.Value, summary.FramesOf(lane.Partition.Partition)[^1].LastOffset.Value));
        Assert.Equal((100L, 102L), (summary.FramesOf(LaneCalls.Partition(1))[0].BaseOffset.Value, summary.FramesOf(LaneCalls.Partition(1))[^1].LastOffset.Value));
        Assert.Empty(summary.FramesOf(LaneCalls.Partition(2)));
    }

    // Both find the same; but what answers is what stands, and nothing else.
    [Fact]
    public async Task R3_who_comes_second_takes_what_the_first_one_wrote()
    {
        await using var lane = await LaneAsync();
        var name = $"r/{lane.Session}";
        var theirs = new SessionSummary(new FencedSession(lane.Session, Slot.Zero, new Slot(6)), new Dictionary<PartitionId, SessionFrames>());
        lane.Blobs.BeforeCall = call =>
        {
            if (!call.IsPut || call.Name != name) return;
            lane.Blobs.BeforeCall = null;
            var bytes = new RecordEnvelope(RecordKind.Summary, generation: 0).Close(name, Guid.Empty, output => SummaryCodec.Write(theirs, output));
            Assert.Equal(BlobOutcome.Written, lane.Blobs.PutAsync(name, new(bytes), expected: null, Guid.Empty, Token).AsTask().GetAwaiter().GetResult().Outcome);
        };

        AssertSame(theirs, (await RecoverAsync(lane))!);
        AssertSame(theirs, (await RecoverAsync(lane))!);
    }

    [Theory]
    [InlineData(BlobFault.RequestLost)]
    [InlineData(BlobFault.AnswerLost)]
    [InlineData(BlobFault.Late)]
    [InlineData(BlobFault.FalseConflict)]
    public async Task Whatever_is_lost_on_the_way_the_same_is_found(BlobFault fault)
    {
        await using var lane = await LaneAsync();
        var seen = new HashSet<string>();
        lane.Blobs.Faults = call => call.IsPut && seen.Add(call.Name) ? fault : BlobFault.None;

        var found = await RecoverAsync(lane);
        while (lane.Blobs.LatePuts > 0) Assert.False(lane.Blobs.DeliverLate());
        lane.Blobs.Faults = null;

        AssertSame(found!, (await RecoverAsync(lane))!);
        Assert.Equal(new Slot(6), found!.Fenced.End);
    }

    [Fact]
    public async Task A_closed_session_has_nothing_though_its_summary_stands()
    {
        await using var lane = await LaneAsync();
        await RecoverAsync(lane);
        var stored = (await lane.Sessions.GetAsync(lane.Session, Token))!;
        Assert.True(await lane.Sessions.CompareAndSetAsync(stored.Record with { State = SessionState.Closed }, stored.ETag, Token));

        Assert.Null(await RecoverAsync(lane));
    }

    [Fact]
    public async Task A_summary_of_which_any_byte_is_damaged_is_passed_over_for_the_blocks()
    {
        await using var lane = await LaneAsync();
        var sound = (await RecoverAsync(lane))!;
        var bytes = lane.Blobs[$"r/{lane.Session}"];
        for (var at = 0; at < bytes.Length; at++)
        {
            bytes[at] ^= 0x20;
            try
            {
                AssertSame(sound, (await RecoverAsync(lane))!);
            }
            catch (LogException refused) when (refused is not CorruptBlockException)
            {
                // It says that a newer version wrote it.
                Assert.Contains("version", refused.Message, StringComparison.Ordinal);
            }

            bytes[at] ^= 0x20;
        }

        Assert.NotNull(await RecoverAsync(lane));
    }

    // Very many producers of very many partitions: better to read frames for them than to open nothing for ever.
    [Fact]
    public async Task A_summary_that_would_be_too_large_is_written_without_producers()
    {
        await using var lane = await LaneAsync();
        var summary = await new SessionRecovery(lane.Recovery with { MaxSummaryMemory = 100 }).RecoverAsync(lane.Session, Token);
        var stored = await RecoverAsync(lane);

        AssertSame(summary!, stored!);
        Assert.All(stored!.Partitions.Values, static frames => Assert.Null(frames.Producers));
    }

    [Fact]
    public async Task A_session_that_never_wrote_is_recovered_as_an_empty_one()
    {
        await using var lane = new SimulatedLane();
        await lane.OpenAsync();

        var summary = await RecoverAsync(lane);

        Assert.Equal((Slot.Zero, 0), (summary!.Fenced.End, summary.Partitions.Count));
        AssertSame(summary, (await RecoverAsync(lane))!);
    }

    private static async Task<SimulatedLane> LaneAsync()
    {
        var lane = new SimulatedLane();
        await lane.OpenAsync();
        var other = lane.Lane.PartitionOf(LaneCalls.Partition(1));
        for (var offset = 0; offset < 3; offset++)
        {
            lane.Append(offset);
            lane.Lane.Append(LaneCalls.Request(other, lane.Owner, 100 + offset));
            lane.Run();
        }

        return lane;
    }

    private static ValueTask<SessionSummary?> RecoverAsync(SimulatedLane lane) => new SessionRecovery(lane.Recovery).RecoverAsync(lane.Session, Token);

    private static void AssertSame(SessionSummary expected, SessionSummary actual)
    {
        Assert.Equal(expected.Fenced, actual.Fenced);
        Assert.Equal(expected.Partitions.OrderBy(entry => entry.Key).SelectMany(entry => entry.Value.Extents), actual.Partitions.OrderBy(entry => entry.Key).SelectMany(entry => entry.Value.Extents));
        Assert.Equal(expected.Partitions.Keys.Order(), actual.Partitions.Keys.Order());
    }
}
