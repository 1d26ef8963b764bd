using Microsoft.Extensions.Time.Testing;
using OrleansStream.Log.AzureBlobs.Manifests;
using OrleansStream.Log.AzureBlobs.Tests.Harness;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Blobs;

namespace OrleansStream.Log.AzureBlobs.Tests.Manifests;

// Rule M2, outcome by outcome. Over the simulated container, where a write can also arrive late; the two that a real account makes are tried on Azurite too.
public sealed class BlobManifestStoreTests(AzuriteFixture azurite)
{
    private static readonly PartitionId Partition = new(new TopicId(new Guid("11111111-2222-3333-4444-555555555555")), 3);
    private static readonly string Name = $"m/abc/{Partition}";

    private readonly SimulatedBlobs _blobs = new(new FakeTimeProvider());

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private BlobManifestStore Store => new(_blobs, clusterGeneration: 0);

    [Theory]
    [InlineData(BlobFault.RequestLost, false)]
    [InlineData(BlobFault.AnswerLost, true)]
    [InlineData(BlobFault.Late, false)]
    public async Task Without_an_answer_the_outcome_is_unknown(BlobFault fault, bool stands)
    {
        Fail(fault);

        Assert.Equal(ManifestOutcome.Unknown, (await WriteAsync(1, null)).Outcome);
        Assert.Equal(stands, await Store.GetAsync(Partition, Token) is not null);
    }

    [Fact]
    public async Task The_same_write_again_is_told_as_written_where_the_first_one_stands()
    {
        Fail(BlobFault.AnswerLost);
        await WriteAsync(1, null);

        var again = await WriteAsync(1, null);

        Assert.Equal(ManifestOutcome.Written, again.Outcome);
        Assert.Equal((await Store.GetAsync(Partition, Token))!.ETag, again.ETag);
    }

    [Fact]
    public async Task A_late_write_arrives_before_its_repetition_and_both_are_one()
    {
        var first = await WriteAsync(1, null);
        Fail(BlobFault.Late);
        Assert.Equal(ManifestOutcome.Unknown, (await WriteAsync(2, first.ETag)).Outcome);
        Assert.Equal(NonceOf(1), (await Store.GetAsync(Partition, Token))!.Manifest.Nonce); // It looks unchanged, which proves nothing.
        Assert.True(_blobs.DeliverLate());

        Assert.Equal(ManifestOutcome.Written, (await WriteAsync(2, first.ETag)).Outcome);
    }

    [Fact]
    public async Task A_late_write_after_its_repetition_changes_nothing()
    {
        var first = await WriteAsync(1, null);
        Fail(BlobFault.Late);
        await WriteAsync(2, first.ETag);
        var second = await WriteAsync(2, first.ETag);
        var third = await WriteAsync(3, second.ETag);

        Assert.False(_blobs.DeliverLate());
        Assert.Equal(third.ETag, (await Store.GetAsync(Partition, Token))!.ETag);
    }

    [Fact]
    public async Task A_write_upon_which_another_stands_already_is_a_conflict()
    {
        var first = await WriteAsync(1, null);
        Fail(BlobFault.AnswerLost);
        await WriteAsync(2, first.ETag);
        var seen = (await Store.GetAsync(Partition, Token))!.ETag;
        await WriteAsync(3, seen); // Somebody read our write and went on from it.

        Assert.Equal(ManifestOutcome.Conflict, (await WriteAsync(2, first.ETag)).Outcome);
    }

    // A conflict with nothing, of a create or of a change: told as such it would let a claim begin anew while this write can still come to stand.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_conflict_where_nothing_has_changed_is_unknown(bool exists)
    {
        ETag? expected = exists ? (await WriteAsync(1, null)).ETag : null;
        Fail(BlobFault.FalseConflict);

        Assert.Equal(ManifestOutcome.Unknown, (await WriteAsync(2, expected)).Outcome);
        Assert.Equal(ManifestOutcome.Written, (await WriteAsync(2, expected)).Outcome);
    }

    [Fact]
    public async Task A_conflict_that_cannot_be_looked_up_is_unknown()
    {
        await WriteAsync(1, null);
        _blobs.Faults = call => call.Kind == BlobCallKind.Get ? BlobFault.RequestLost : BlobFault.None;

        Assert.Equal(ManifestOutcome.Unknown, (await WriteAsync(2, null)).Outcome);
    }

    [Fact]
    public async Task A_conflict_with_itself_on_an_account_is_written()
    {
        var account = await TestAccount.CreateAsync(azurite);
        account.Faults.OnNextPut(FaultPolicy.AnswerAfter(412, "ConditionNotMet"));

        var write = await account.Manifests.CompareAndSetAsync(ManifestOf(1), null, Token);

        Assert.Equal(ManifestOutcome.Written, write.Outcome);
        Assert.Equal((await account.Manifests.GetAsync(Partition, Token))!.ETag, write.ETag);
    }

    [Fact]
    public async Task An_answer_that_comes_too_late_leaves_the_write_unknown()
    {
        var account = await TestAccount.CreateAsync(azurite);
        account.Faults.OnNextPut(account.Faults.DelayAfter(account.Options.RequestTimeout));

        Assert.Equal(ManifestOutcome.Unknown, (await account.Manifests.CompareAndSetAsync(ManifestOf(1), null, Token)).Outcome);
        Assert.Equal(ManifestOutcome.Written, (await account.Manifests.CompareAndSetAsync(ManifestOf(1), null, Token)).Outcome);
    }

    // The editor and the store together, as the splitter and others use them.
    [Fact]
    public async Task An_edit_is_done_once_whatever_is_lost()
    {
        var faults = new Queue<BlobFault>([BlobFault.RequestLost, BlobFault.Late, BlobFault.AnswerLost, BlobFault.FalseConflict]);
        await WriteAsync(1, null);
        _blobs.Faults = call => call.IsPut && faults.TryDequeue(out var fault) ? fault : BlobFault.None;
        var editor = new ManifestEditor(Store, new Random(1), new PassingTime());

        var edit = await editor.EditAsync(Partition, Owner, new LeaderEpoch(1), stands => stands with { LogStart = stands.LogStart + 1 }, Token);
        Assert.False(_blobs.DeliverLate());

        Assert.Equal(ManifestEditOutcome.Written, edit.Outcome);
        Assert.Equal(1, (await Store.GetAsync(Partition, Token))!.Manifest.LogStart.Value);
    }

    [Fact]
    public async Task A_read_that_fails_is_never_taken_for_no_manifest()
    {
        await WriteAsync(1, null);
        _blobs.Faults = _ => BlobFault.RequestLost;

        Assert.True((await Assert.ThrowsAsync<StorageException>(async () => await Store.GetAsync(Partition, Token))).IsTransient);
    }

    [Fact]
    public async Task Another_cluster_generation_is_refused_in_both_directions()
    {
        await WriteAsync(1, null);

        var turnedBack = await Assert.ThrowsAsync<LogException>(async () => await new BlobManifestStore(_blobs, clusterGeneration: 1).GetAsync(Partition, Token));
        Assert.Contains("is of cluster generation 0; the cluster is in 1", turnedBack.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<LogException>(async () => await new BlobManifestStore(_blobs, clusterGeneration: 1).CompareAndSetAsync(ManifestOf(2), null, Token));

        var ahead = new SimulatedBlobs(new FakeTimeProvider());
        await new BlobManifestStore(ahead, clusterGeneration: 2).CompareAndSetAsync(ManifestOf(1) with { ClusterGeneration = 2 }, null, Token);
        var missed = await Assert.ThrowsAsync<LogException>(async () => await new BlobManifestStore(ahead, clusterGeneration: 0).GetAsync(Partition, Token));
        Assert.Contains("this broker is still in 0", missed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_damaged_byte_is_found()
    {
        await WriteAsync(1, null);
        var bytes = _blobs[Assert.Single(_blobs.Names)];
        for (var at = 0; at < bytes.Length; at++)
        {
            bytes[at] ^= 0x10;
            await Assert.ThrowsAnyAsync<LogException>(async () => await Store.GetAsync(Partition, Token));
            bytes[at] ^= 0x10;
        }

        Assert.NotNull(await Store.GetAsync(Partition, Token));
    }

    [Fact]
    public async Task A_manifest_in_the_place_of_another_is_found()
    {
        await WriteAsync(1, null);
        var name = Assert.Single(_blobs.Names);
        var other = $"m/000/{Partition}";
        await _blobs.PutAsync(other, new(_blobs[name]), null, Guid.Empty, Token);

        await Assert.ThrowsAsync<CorruptBlockException>(async () => await Store.ListAsync(Token).GetAsyncEnumerator(Token).MoveNextAsync());
    }

    // The name is a format: a broker of another version must find the manifest.
    [Fact]
    public async Task A_manifest_stands_where_the_page_says()
    {
        await WriteAsync(1, null);

        Assert.Equal([Name], _blobs.Names);
    }

    private static SessionId Owner { get; } = new(new BrokerId(1), new Guid("aaaaaaaa-0000-0000-0000-000000000001"));

    private static Guid NonceOf(int number) => new(number, 0, 0, new byte[8]);

    private static Manifest ManifestOf(int nonce) => new() { Partition = Partition, Epoch = new LeaderEpoch(1), Owner = Owner, Nonce = NonceOf(nonce) };

    private ValueTask<ManifestWrite> WriteAsync(int nonce, ETag? expected) => Store.CompareAndSetAsync(ManifestOf(nonce), expected, Token);

    private void Fail(BlobFault fault)
    {
        var isDone = false;
        _blobs.Faults = call =>
        {
            if (!call.IsPut || isDone) return BlobFault.None;
            isDone = true;
            return fault;
        };
    }
}
