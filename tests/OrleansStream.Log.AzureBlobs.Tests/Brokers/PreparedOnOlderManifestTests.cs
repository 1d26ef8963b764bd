using OrleansStream.Log.Manifests;
using OrleansStream.Log.Ownership;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Blobs;

namespace OrleansStream.Log.AzureBlobs.Tests.Brokers;

/// <summary>What was made ready for a claim, when the manifest that it was made for is not the one that stands any more. The sweep and the lists of deleted objects write around whoever serves.</summary>
public sealed class PreparedOnOlderManifestTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_change_before_the_preparation_costs_no_segment_of_it_even_if_the_handle_has_not_heard()
    {
        await using var move = await PlannedMove.OfAsync("a", "b");
        await DropAsync(move, "p/of-somebody");

        var handle = await move.Second.OpenAsync();

        Assert.Single(move.Segments);
        Assert.Equal(1, move.Second.Owners.Asked);
        Assert.Equal(["a", "b"], await TestBroker.ReadAsync(handle));
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_change_behind_the_preparation_that_touches_none_of_its_extents_costs_no_segment(bool isByTheHandle)
    {
        await using var move = await PlannedMove.OfAsync("a", "b");
        var isOnce = true;
        move.Second.Owners.AfterPreparing = async () =>
        {
            if (!isOnce) return;
            isOnce = false;
            if (isByTheHandle) await move.Old.EditManifestAsync(EditorOf(move), static stands => stands with { PendingDelete = stands.PendingDelete.Add("p/x") }, Token);
            else await DropAsync(move, "p/x");
        };

        var handle = await move.Second.OpenAsync();

        // Of what the owner does not know the claim finds out, which begins anew (rule M3).
        Assert.Equal(isByTheHandle ? 1 : 2, move.Second.Owners.Asked);
        Assert.Single(move.Segments);
        Assert.Equal(["a", "b"], await TestBroker.ReadAsync(handle));
        Assert.Contains("p/x", (await move.Cluster.ManifestAsync()).PendingDelete);
    }

    // Rule D4: listed, it is deleted soon; and it may have been deleted, and left the list.
    [Theory, InlineData(true), InlineData(false)]
    public async Task A_segment_that_the_sweep_has_come_for_is_never_named(bool isListed)
    {
        await using var move = await PlannedMove.OfAsync("a", "b");
        string swept = "";
        move.Second.Owners.AfterPreparing = async () =>
        {
            if (swept.Length > 0) return;
            swept = move.Segments.Single();
            await move.Old.EditManifestAsync(EditorOf(move), stands => stands with { PendingDelete = stands.PendingDelete.Add(isListed ? swept : "p/x") }, Token);
            if (!isListed) await move.Cluster.Container.DeleteAsync(swept, Token);
        };

        var handle = await move.Second.OpenAsync();

        var named = (await move.Cluster.ManifestAsync()).Extents.OfType<SegmentExtent>().Select(static segment => segment.Name).ToList();
        Assert.NotEmpty(named);
        Assert.DoesNotContain(swept, named);
        Assert.Equal(["a", "b"], await TestBroker.ReadAsync(handle));
    }

    // A claimant that asked for a preparation is not to wait for the cut while nobody serves.
    [Fact]
    public async Task What_must_be_cut_anew_is_cut_once_more_while_the_partition_is_served()
    {
        await using var move = await PlannedMove.OfAsync("a", "b");
        move.Second.Owners.AfterPreparing = async () =>
        {
            if (move.Old.IsOwner) Assert.Equal(ErrorCode.None, await move.First.Log.MoveLogStartAsync(move.Old, new Offset(1), Token));
        };
        var served = new List<bool>();
        move.Cluster.Blobs.BeforeCall = call =>
        {
            if (call is { Kind: BlobCallKind.Put } && call.Name.StartsWith("p/", StringComparison.Ordinal)) served.Add(move.Old.IsOwner);
        };

        var handle = await move.Second.OpenAsync();

        Assert.Equal([true, true], served);
        Assert.Equal(["b"], await TestBroker.ReadAsync(handle));
    }

    [Fact]
    public async Task A_partition_whose_claims_do_not_come_is_cut_four_times_and_no_more_until_one_does()
    {
        await using var move = await PlannedMove.OfAsync("a", "b");
        var first = move.First;
        for (var time = 0; time < 6; time++)
        {
            Assert.Equal(ReleaseVerdict.Prepared, (await first.Log.PrepareAsync(TestCluster.Partition, first.Session, Token)).Verdict);
            Assert.Equal(Math.Min(time + 1, 4), move.Segments.Count);
            await TestBroker.AppendDurablyAsync(move.Old, $"{time}");
        }

        var handle = await move.Second.OpenAsync();

        Assert.Equal(5, move.Segments.Count);
        Assert.Equal(["a", "b", "0", "1", "2", "3", "4", "5"], await TestBroker.ReadAsync(handle));
        var back = await first.OpenAsync();
        await TestBroker.AppendDurablyAsync(back, "again");
        await first.Log.PrepareAsync(TestCluster.Partition, first.Session, Token);
        Assert.Equal(6, move.Segments.Count);
    }

    private static ManifestEditor EditorOf(PlannedMove move) => new(move.Cluster.Manifests, new Random(1), move.Cluster.Time);

    private static async Task DropAsync(PlannedMove move, string name) =>
        Assert.Equal(ManifestEditOutcome.Written, (await EditorOf(move).EditAnyAsync(TestCluster.Partition, stands => stands! with { PendingDelete = stands.PendingDelete.Add(name) }, Token)).Outcome);
}
