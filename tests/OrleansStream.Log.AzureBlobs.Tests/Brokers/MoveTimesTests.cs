using OrleansStream.Log.AzureBlobs.Brokers;
using OrleansStream.Log.AzureBlobs.Tests.Harness;
using OrleansStream.Log.Ownership;

namespace OrleansStream.Log.AzureBlobs.Tests.Brokers;

/// <summary>That an operator sees how long it takes until a partition has another owner.</summary>
public sealed class MoveTimesTests
{
    private const string Claim = "orleansstream.partitions.claim.duration";
    private const string Prepare = "orleansstream.partitions.prepare.duration";
    private const string Release = "orleansstream.partitions.release.duration";
    private const string Recovery = "orleansstream.sessions.recovery.duration";

    [Fact]
    public async Task Claims_releases_and_take_overs_are_told_once_each_with_their_outcome()
    {
        using var ofFirst = new Durations();
        using var ofSecond = new Durations();
        await using var cluster = new TestCluster();
        var first = await cluster.StartAsync(1, setup => setup with { Meters = ofFirst });
        await TestBroker.AppendDurablyAsync(await first.OpenAsync(), "a");
        await TestBroker.AppendDurablyAsync(await first.OpenAsync(TestCluster.PartitionOf(1)), "b");
        Assert.Equal((2, 0, 0), (ofFirst.Count($"{Claim} claimed"), ofFirst.Count($"{Release} released"), ofFirst.Count($"{Recovery} recovered")));

        // Served already: nothing is claimed.
        await first.OpenAsync();
        Assert.Equal(2, ofFirst.Count($"{Claim} claimed"));

        var second = await cluster.StartAsync(2, setup => setup with { Meters = ofSecond });
        await second.OpenAsync();
        Assert.Equal((1, 1, 1), (ofFirst.Count($"{Prepare} prepared"), ofFirst.Count($"{Release} released"), ofSecond.Count($"{Claim} claimed")));

        first.Container.Freeze();
        first.IsDead = true;
        await second.OpenAsync(TestCluster.PartitionOf(1));
        Assert.Equal((2, 1), (ofSecond.Count($"{Claim} claimed"), ofSecond.Count($"{Recovery} recovered")));
        Assert.DoesNotContain(ofSecond.Told, static told => told.Line.EndsWith("failed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_broker_that_stops_is_not_counted_as_one_that_owns_nothing()
    {
        using var durations = new Durations();
        using var times = new MoveTimes(durations, TimeProvider.System);

        await times.ReleaseAsync(ValueTask.FromResult(new ReleaseAnswer(ReleaseVerdict.NoAnswer)));
        await Assert.ThrowsAsync<TaskCanceledException>(async () => await times.ReleaseAsync(ValueTask.FromCanceled<ReleaseAnswer>(new CancellationToken(true))));
        await times.ReleaseAsync(ValueTask.FromResult(new ReleaseAnswer(ReleaseVerdict.NotOwner)));

        Assert.Equal([$"{Release} stopping", $"{Release} stopping", $"{Release} elsewhere"], durations.Told.Select(static told => told.Line));
    }
}
