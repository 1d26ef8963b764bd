using System.Buffers;
using System.Text;
using OrleansStream.Log.Journals;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Serving;
using OrleansStream.Testing.Storage;

namespace OrleansStream.Log.Tests.Journals;

public sealed class JournalPartitionTests
{
    private readonly MemoryManifestStore _manifests = new();
    private readonly MemoryObjectStore _objects = new();

    [Fact]
    public async Task An_append_completes_when_it_is_durable_and_each_change_has_an_offset()
    {
        using var broker = new MemoryBroker();
        var journal = Open(broker);

        var first = journal.AppendAsync(Changes("a", "b"));
        var second = journal.AppendAsync(Changes("c"));
        Assert.False(first.IsCompleted);
        broker.Lane.Publish();

        Assert.Equal(Offset.Zero, (await first).BaseOffset);
        Assert.Equal(new Offset(2), (await second).BaseOffset);
        Assert.Equal(new Offset(3), journal.Handle.HighWatermark);
    }

    [Theory]
    [InlineData(128 * Limits.MiB)]
    [InlineData(0)]
    public async Task Loading_replays_every_change_in_order_with_its_offset(long tailBytes)
    {
        using var broker = new MemoryBroker(tailBytes);
        var journal = Open(broker);
        for (var round = 0; round < 300; round++)
        {
            _ = journal.AppendAsync(Changes($"{2 * round}", $"{(2 * round) + 1}"));
            if (round % 7 == 0) broker.Lane.Publish();
        }

        broker.Lane.Publish();
        var state = await LoadAsync(Open(broker, epoch: 1));

        Assert.Null(state.Snapshot);
        Assert.Equal(Enumerable.Range(0, 600).Select(change => ((long)change, $"{change}")), state.Changes);
    }

    [Fact]
    public async Task A_snapshot_stands_in_the_manifest_moves_log_start_and_is_loaded_with_what_follows()
    {
        using var broker = new MemoryBroker();
        var journal = Open(broker);
        await AppendAsync(broker, journal, "a", "b", "c");

        Assert.True(await journal.SnapshotAsync(Content("a+b"), new Offset(2), TestContext.Current.CancellationToken));

        Assert.Equal(new Offset(2), journal.Handle.LogStart);
        var manifest = await StoredAsync();
        Assert.Equal(new SnapshotReference(_objects.Names.Single(), new Offset(2)), manifest.Snapshot);
        Assert.Equal(new Offset(2), manifest.LogStart);

        // The snapshot ends inside the frame of three changes.
        var state = await LoadAsync(Open(broker, epoch: 1));
        Assert.Equal("a+b", state.Snapshot);
        Assert.Equal([(2, "c")], state.Changes);
    }

    // Rule D6: without the manifest's write there is no snapshot, and log start stays.
    [Fact]
    public async Task A_snapshot_whose_manifest_has_another_owner_changes_nothing_and_ends_the_handle()
    {
        using var broker = new MemoryBroker();
        var journal = Open(broker);
        await AppendAsync(broker, journal, "a");
        _manifests.Put((await StoredAsync()) with { Epoch = new LeaderEpoch(9) });

        Assert.False(await journal.SnapshotAsync(Content("a"), new Offset(1), TestContext.Current.CancellationToken));

        Assert.Equal(Offset.Zero, journal.Handle.LogStart);
        Assert.Null((await StoredAsync()).Snapshot);
        Assert.False(journal.Handle.IsOwner);
        Assert.Single(_objects.Names);
    }

    [Fact]
    public async Task A_second_snapshot_gives_the_first_and_the_extents_below_it_up_for_deletion()
    {
        using var broker = new MemoryBroker();
        var journal = Open(broker);
        await AppendAsync(broker, journal, "a");
        await AppendAsync(broker, journal, "b");
        var segment = broker.Extents.Cut(journal.Handle.Id, Offset.Zero, Offset.Zero, journal.Handle.Epoch);
        _manifests.Put((await StoredAsync()) with { Extents = [segment] });
        await journal.SnapshotAsync(Content("1"), new Offset(1), TestContext.Current.CancellationToken);
        var first = (await StoredAsync()).Snapshot!.Name;
        await journal.SnapshotAsync(Content("2"), new Offset(2), TestContext.Current.CancellationToken);

        var manifest = await StoredAsync();
        Assert.Equal([segment.Name, first], manifest.PendingDelete);
        Assert.Empty(manifest.Extents);
        Assert.False(await journal.SnapshotAsync(Content("old"), new Offset(1), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_snapshot_is_wanted_when_there_is_much_to_replay_and_not_right_after_one()
    {
        using var broker = new MemoryBroker();
        var journal = Open(broker);
        while (!journal.WantsSnapshot)
        {
            Assert.True(journal.BytesSinceSnapshot < 64 * Limits.KiB);
            await AppendAsync(broker, journal, new string('x', 1000));
        }

        await journal.SnapshotAsync(Content(new string('y', 200_000)), journal.Handle.HighWatermark, TestContext.Current.CancellationToken);
        Assert.False(journal.WantsSnapshot);
        Assert.Equal(0, journal.BytesSinceSnapshot);

        // The state itself is large now: twice its size must come first.
        for (var append = 0; append < 100; append++) await AppendAsync(broker, journal, new string('x', 1000));
        Assert.False(journal.WantsSnapshot);
        for (var append = 0; append < 310; append++) await AppendAsync(broker, journal, new string('x', 1000));
        Assert.True(journal.WantsSnapshot);
    }

    // Each may stand in a block of its own, and a load asks for every one of them.
    [Fact]
    public async Task A_snapshot_is_wanted_after_many_small_changes_whatever_their_bytes_and_later_where_the_state_is_large()
    {
        using var broker = new MemoryBroker();
        var journal = Open(broker, snapshotChanges: 100);
        for (var append = 0; append < 99; append++) await AppendAsync(broker, journal, "x");
        Assert.False(journal.WantsSnapshot);
        await AppendAsync(broker, journal, "x");
        Assert.True(journal.WantsSnapshot);

        await journal.SnapshotAsync(Content(new string('y', 101 * 4 * Limits.KiB)), journal.Handle.HighWatermark, TestContext.Current.CancellationToken);
        for (var append = 0; append < 100; append++) await AppendAsync(broker, journal, "x");
        Assert.False(journal.WantsSnapshot);
        await AppendAsync(broker, journal, "x");
        Assert.True(journal.WantsSnapshot);

        // Who loads it next counts what it had to read.
        var loaded = Open(broker, epoch: 1, snapshotChanges: 100);
        await LoadAsync(loaded);
        Assert.True(loaded.WantsSnapshot);
    }

    // A failing disk may recover, and is told by its code.
    [Theory, InlineData(true), InlineData(false)]
    public async Task A_damaged_change_stops_loading_and_is_named(bool isDamage)
    {
        using var broker = new MemoryBroker(tailBytes: 0);
        await AppendAsync(broker, Open(broker), "a");
        broker.Extents.Fault = _ => isDamage ? new CorruptBlockException("wal/some", 4096, "the frame there does not verify.") : new DiskException("wal/some", "Read", 5, "input/output error");
        var journal = Open(broker, epoch: 1);
        if (!isDamage)
        {
            Assert.Equal(ErrorCode.KafkaStorageError, await journal.LoadAsync(new RecordingState(), TestContext.Current.CancellationToken));
            return;
        }

        var failure = await Assert.ThrowsAsync<CorruptBlockException>(() => LoadAsync(journal));
        Assert.Equal(("wal/some", 4096L), (failure.Location, failure.Position));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(9)]
    [InlineData(25)]
    [InlineData(33)]
    public async Task Any_damaged_byte_of_a_snapshot_stops_loading_and_names_it(int position)
    {
        using var broker = new MemoryBroker();
        var journal = Open(broker);
        await AppendAsync(broker, journal, "a");
        await journal.SnapshotAsync(Content("state"), new Offset(1), TestContext.Current.CancellationToken);
        _objects[_objects.Names[0]][position] ^= 1;

        var failure = await Assert.ThrowsAnyAsync<LogException>(() => LoadAsync(Open(broker, epoch: 1)));
        Assert.Contains(_objects.Names[0], failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_snapshot_stops_loading()
    {
        using var broker = new MemoryBroker();
        var journal = Open(broker);
        await AppendAsync(broker, journal, "a");
        await journal.SnapshotAsync(Content("state"), new Offset(1), TestContext.Current.CancellationToken);
        await _objects.DeleteAsync(_objects.Names[0], TestContext.Current.CancellationToken);

        await Assert.ThrowsAsync<LogException>(() => LoadAsync(Open(broker, epoch: 1)));
    }

    [Fact]
    public async Task Appends_that_find_no_room_wait_in_their_order_and_too_many_are_refused()
    {
        using var broker = new MemoryBroker(openBytes: 16 * Limits.MiB);
        var journal = Open(broker, maxWaiting: 3);
        var big = new string('x', 5 * Limits.MiB);
        var appends = Enumerable.Range(0, 5).Select(number => journal.AppendAsync(Changes($"{number}", big))).ToList();
        var refused = await journal.AppendAsync(Changes("one too many"));
        Assert.Equal(ErrorCode.RequestTimedOut, refused.Error);

        var all = Task.WhenAll(appends);
        while (!all.IsCompleted)
        {
            broker.Lane.Publish();
            await Task.Yield();
        }

        Assert.Equal([0L, 2, 4, 6, 8], (await all).Select(outcome => outcome.BaseOffset.Value));
    }

    [Fact]
    public async Task An_ended_lane_fails_what_is_in_flight_and_what_waits()
    {
        using var broker = new MemoryBroker(openBytes: 16 * Limits.MiB);
        var journal = Open(broker);
        var big = new string('x', 5 * Limits.MiB);
        var appends = Enumerable.Range(0, 5).Select(number => journal.AppendAsync(Changes($"{number}", big))).ToList();

        broker.Lane.Abort();

        Assert.All(await Task.WhenAll(appends), outcome => Assert.Equal(ErrorCode.NotLeaderOrFollower, outcome.Error));
        Assert.Equal(ErrorCode.NotLeaderOrFollower, (await journal.AppendAsync(Changes("later"))).Error);
    }

    [Fact]
    public async Task Changes_that_fit_no_block_are_refused()
    {
        using var broker = new MemoryBroker();
        var outcome = await Open(broker).AppendAsync([new byte[Limits.MaxBlockBytes]]);
        Assert.Equal(ErrorCode.MessageTooLarge, outcome.Error);
    }

    private static List<ReadOnlyMemory<byte>> Changes(params string[] changes) => [.. changes.Select(change => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(change))];

    private static ReadOnlySequence<byte> Content(string text) => new(Encoding.UTF8.GetBytes(text));

    private static async Task AppendAsync(MemoryBroker broker, JournalPartition journal, params string[] changes)
    {
        var append = journal.AppendAsync(Changes(changes));
        broker.Lane.Publish();
        Assert.Equal(ErrorCode.None, (await append).Error);
    }

    private static async Task<RecordingState> LoadAsync(JournalPartition journal)
    {
        var state = new RecordingState();
        Assert.Equal(ErrorCode.None, await journal.LoadAsync(state, TestContext.Current.CancellationToken));
        return state;
    }

    // As a claim does: the manifest that stands there, with the next epoch.
    private JournalPartition Open(MemoryBroker broker, int epoch = 0, int maxWaiting = 10_000, int snapshotChanges = 1_000)
    {
        var stored = _manifests.GetAsync(MemoryBroker.AnyPartition, TestContext.Current.CancellationToken).AsTask().GetAwaiter().GetResult();
        var manifest = (stored?.Manifest ?? broker.NewManifest(MemoryBroker.AnyPartition)) with { Epoch = new LeaderEpoch(epoch) };
        _manifests.Put(manifest);
        var parts = new JournalParts
        {
            Objects = _objects,
            Manifests = new ManifestEditor(_manifests, new Random(1), broker.Time),
            Random = new Random(2),
            Options = new JournalOptions { SnapshotBytes = 64 * Limits.KiB, MaxWaitingAppends = maxWaiting, SnapshotChanges = snapshotChanges },
        };
        return new JournalPartition(broker.Open(manifest), parts);
    }

    private async Task<Manifest> StoredAsync() => (await _manifests.GetAsync(MemoryBroker.AnyPartition, TestContext.Current.CancellationToken))!.Manifest;

    private sealed class RecordingState : IJournalState
    {
        public string? Snapshot { get; private set; }

        public List<(long Offset, string Change)> Changes { get; } = [];

        public void Restore(ReadOnlySpan<byte> snapshot) => Snapshot = Encoding.UTF8.GetString(snapshot);

        public void Apply(Offset offset, ReadOnlySpan<byte> change) => Changes.Add((offset.Value, Encoding.UTF8.GetString(change)));
    }
}
