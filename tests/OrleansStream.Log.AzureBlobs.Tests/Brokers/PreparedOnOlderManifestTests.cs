using OrleansStream.Log.Manifests;
using OrleansStream.Log.Ownership;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Blobs;

namespace OrleansStream.Log.AzureBlobs.Tests.Brokers;

/// <summary>What was made ready for a claim, when the manifest that it was made for is not the one that stands any more. The sweep and the lists of deleted objects write around whoever serves.</summary>
public sealed class PreparedOnOlderManifestTests : IAsyncDisposable
{
    private readonly TestCluster _cluster = new();
    private readonly ManifestEditor _editor;

    public PreparedOnOlderManifestTests() => _editor = new ManifestEditor(_cluster.Manifests, new Random(1), _cluster.Time);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task A_change_before_the_preparation_costs_no_segment_of_it_even_if_the_handle_has_not_heard()
    {
        var (_, second) = await TwoBrokersAsync();
        await DropAsync("p/of-somebody");

        var handle = await second.OpenAsync();

        Assert.Single(Segments());
        Assert.Equal(1, second.Owners.Asked);
        Assert.Equal(["a", "b"], await TestBroker.ReadAsync(handle));
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_change_behind_the_preparation_that_touches_none_of_its_extents_costs_no_segment(bool isByTheHandle)
    {
        var (old, second) = await TwoBrokersAsync();
        var isOnce = true;
        second.Owners.AfterPreparing = async () =>
        {
            if (!isOnce) return;
            isOnce = false;
            if (isByTheHandle) await old.EditManifestAsync(_editor, static stands => stands with { PendingDelete = stands.PendingDelete.Add("p/x") }, Token);
            else await DropAsync("p/x");
        };

        var handle = await second.OpenAsync();

        // Of what the owner does not know the claim finds out, which begins anew (rule M3).
        Assert.Equal(isByTheHandle ? 1 : 2, second.Owners.Asked);
        Assert.Single(Segments());
        Assert.Equal(["a", "b"], await TestBroker.ReadAsync(handle));
        Assert.Contains("p/x", (await _cluster.ManifestAsync()).PendingDelete);
    }

    // Rule D4: listed, it is deleted soon; and it may have been deleted, and left the list.
    [Theory, InlineData(true), InlineData(false)]
    public async Task A_segment_that_the_sweep_has_come_for_is_never_named(bool isListed)
    {
        var (old, second) = await TwoBrokersAsync();
        string swept = "";
        second.Owners.AfterPreparing = async () =>
        {
            if (swept.Length > 0) return;
            swept = Segments().Single();
            await old.EditManifestAsync(_editor, stands => stands with { PendingDelete = stands.PendingDelete.Add(isListed ? swept : "p/x") }, Token);
            if (!isListed) await _cluster.Container.DeleteAsync(swept, Token);
        };

        var handle = await second.OpenAsync();

        var named = (await _cluster.ManifestAsync()).Extents.OfType<SegmentExtent>().Select(static segment => segment.Name).ToList();
        Assert.NotEmpty(named);
        Assert.DoesNotContain(swept, named);
        Assert.Equal(["a", "b"], await TestBroker.ReadAsync(handle));
    }

    // A claimant that asked for a preparation is not to wait for the cut while nobody serves.
    [Fact]
    public async Task What_must_be_cut_anew_is_cut_once_more_while_the_partition_is_served()
    {
        var (old, second) = await TwoBrokersAsync();
        second.Owners.AfterPreparing = async () =>
        {
            if (old.IsOwner) Assert.Equal(ErrorCode.None, await _cluster.Find(new BrokerId(1))!.Log.MoveLogStartAsync(old, new Offset(1), Token));
        };
        var served = new List<bool>();
        _cluster.Blobs.BeforeCall = call =>
        {
            if (call is { Kind: BlobCallKind.Put } && call.Name.StartsWith("p/", StringComparison.Ordinal)) served.Add(old.IsOwner);
        };

        var handle = await second.OpenAsync();

        Assert.Equal([true, true], served);
        Assert.Equal(["b"], await TestBroker.ReadAsync(handle));
    }

    [Fact]
    public async Task A_partition_whose_claims_do_not_come_is_cut_four_times_and_no_more_until_one_does()
    {
        var (old, second) = await TwoBrokersAsync();
        var first = _cluster.Find(new BrokerId(1))!;
        for (var time = 0; time < 6; time++)
        {
            Assert.Equal(ReleaseVerdict.Prepared, (await first.Log.PrepareAsync(TestCluster.Partition, first.Session, Token)).Verdict);
            Assert.Equal(Math.Min(time + 1, 4), Segments().Count);
            await TestBroker.AppendDurablyAsync(old, $"{time}");
        }

        var handle = await second.OpenAsync();

        Assert.Equal(5, Segments().Count);
        Assert.Equal(["a", "b", "0", "1", "2", "3", "4", "5"], await TestBroker.ReadAsync(handle));
        var back = await first.OpenAsync();
        await TestBroker.AppendDurablyAsync(back, "again");
        await first.Log.PrepareAsync(TestCluster.Partition, first.Session, Token);
        Assert.Equal(6, Segments().Count);
    }

    private List<string> Segments() =>
        [.. _cluster.Blobs.Calls.Where(static call => call.IsPut && call.Name.StartsWith("p/", StringComparison.Ordinal)).Select(static call => call.Name)];

    private async Task DropAsync(string name) =>
        Assert.Equal(ManifestEditOutcome.Written, (await _editor.EditAnyAsync(TestCluster.Partition, stands => stands! with { PendingDelete = stands.PendingDelete.Add(name) }, Token)).Outcome);

    private async Task<(PartitionHandle Old, TestBroker Claimant)> TwoBrokersAsync()
    {
        var old = await (await _cluster.StartAsync(1)).OpenAsync();
        await TestBroker.AppendDurablyAsync(old, "a", "b");
        return (old, await _cluster.StartAsync(2));
    }
}
