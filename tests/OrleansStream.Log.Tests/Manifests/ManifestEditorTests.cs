using Microsoft.Extensions.Time.Testing;
using OrleansStream.Log.Manifests;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Storage;

namespace OrleansStream.Log.Tests.Manifests;

public sealed class ManifestEditorTests
{
    private static readonly PartitionId Partition = new(new TopicId(new Guid(1, 2, 3, new byte[8])), 0);
    private static readonly SessionId Owner = new(new BrokerId(1), new Guid(9, 9, 9, new byte[8]));

    private readonly MemoryManifestStore _store = new();
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task A_change_is_written_with_a_nonce_of_its_own()
    {
        var before = _store.Put(NewManifest()).Manifest;

        var edit = await EditAsync(MoveTo(5));

        Assert.Equal(ManifestEditOutcome.Written, edit.Outcome);
        Assert.Equal(new Offset(5), edit.Manifest!.LogStart);
        Assert.NotEqual(before.Nonce, edit.Manifest.Nonce);
        Assert.Equal(edit.Manifest, await StoredAsync());
    }

    // Rules M1 and M3: after a conflict the change is made anew from what stands there, never the old image under a new version.
    [Fact]
    public async Task After_a_conflict_the_change_is_computed_from_the_new_manifest()
    {
        _store.Put(NewManifest());
        _store.BeforeWrite = write =>
        {
            if (write == 1) _store.Put(NewManifest() with { PendingDelete = ["theirs"] });
        };

        await EditAsync(MoveTo(5));

        Assert.Equal(["theirs"], (await StoredAsync()).PendingDelete);
        Assert.Equal(new Offset(5), (await StoredAsync()).LogStart);
        Assert.Equal(2, _store.Writes);
    }

    [Theory]
    [InlineData(true, false, false)]
    [InlineData(false, true, false)]
    [InlineData(false, false, true)]
    public async Task It_gives_up_when_owner_or_epoch_changed_or_the_topic_is_gone(bool epoch, bool owner, bool deleted)
    {
        _store.Put(NewManifest());
        _store.BeforeWrite = _ => _store.Put(NewManifest() with
        {
            Epoch = new LeaderEpoch(epoch ? 4 : 3),
            Owner = owner ? Owner with { Broker = new BrokerId(2) } : Owner,
            Deleted = deleted,
        });

        Assert.Equal(ManifestEditOutcome.NotOwner, (await EditAsync(MoveTo(5))).Outcome);
        Assert.Equal(Offset.Zero, (await StoredAsync()).LogStart);
    }

    [Fact]
    public async Task A_change_that_is_contained_writes_nothing()
    {
        _store.Put(NewManifest() with { LogStart = new Offset(7) });

        Assert.Equal(ManifestEditOutcome.Unchanged, (await EditAsync(MoveTo(5))).Outcome);
        Assert.Equal(0, _store.Writes);
    }

    [Fact]
    public async Task Without_a_manifest_nobody_owns_it() =>
        Assert.Equal(ManifestEditOutcome.NotOwner, (await EditAsync(MoveTo(5))).Outcome);

    // Rule M2: the same write with the same version until it is known; an own nonce found after a conflict is success.
    [Theory]
    [InlineData(WriteFault.WrittenUnseen)]
    [InlineData(WriteFault.LostUnseen)]
    public async Task An_unknown_outcome_is_tried_again_until_it_is_known_and_applied_once(WriteFault fault)
    {
        _store.Put(NewManifest());
        _store.Fault = write => write <= 2 ? fault : WriteFault.None;
        var applied = 0;

        var editing = EditAsync(manifest =>
        {
            applied++;
            return MoveTo(5)(manifest);
        }).AsTask();
        while (!editing.IsCompleted) _time.Advance(TimeSpan.FromSeconds(2));
        var edit = await editing;

        Assert.Equal(ManifestEditOutcome.Written, edit.Outcome);
        Assert.Equal(1, applied);
        Assert.Equal(new Offset(5), (await StoredAsync()).LogStart);
    }

    private static Manifest NewManifest() => new() { Partition = Partition, Epoch = new LeaderEpoch(3), Owner = Owner, Nonce = new Guid(3, 3, 3, new byte[8]) };

    private static Func<Manifest, Manifest?> MoveTo(long offset) => manifest => manifest.LogStart >= new Offset(offset) ? null : manifest with { LogStart = new Offset(offset) };

    private ValueTask<ManifestEdit> EditAsync(Func<Manifest, Manifest?> change) =>
        new ManifestEditor(_store, new Random(5), _time).EditAsync(Partition, Owner, new LeaderEpoch(3), change, TestContext.Current.CancellationToken);

    private async Task<Manifest> StoredAsync() => (await _store.GetAsync(Partition, TestContext.Current.CancellationToken))!.Manifest;
}
