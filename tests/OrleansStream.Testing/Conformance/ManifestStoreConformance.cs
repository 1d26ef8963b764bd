using System.Buffers;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using Xunit;

namespace OrleansStream.Testing.Conformance;

/// <summary>What every <see cref="IManifestStore"/> does. Each store's tests derive from it and run all of it.</summary>
public abstract class ManifestStoreConformance
{
    // After so many unknown outcomes in a row the store is not one that loses answers now and then.
    private const int MostTries = 50;

    private static readonly TopicId Topic = new(new Guid("11111111-2222-3333-4444-555555555555"));
    private static readonly SessionId Owner = new(new BrokerId(1), new Guid("aaaaaaaa-0000-0000-0000-000000000001"));

    /// <summary>A store that nobody else uses, with nothing in it, of cluster generation 0.</summary>
    protected abstract ValueTask<IManifestStore> NewStoreAsync();

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    protected static PartitionId Partition(int index) => new(Topic, index);

    [Fact]
    public async Task A_partition_without_a_manifest_has_none()
    {
        var store = await NewStoreAsync();
        await WriteAsync(store, ManifestOf(1, nonce: 1), expected: null);

        Assert.Null(await store.GetAsync(Partition(0), Token));
        Assert.Null(await store.GetAsync(new PartitionId(new TopicId(Guid.Empty), 1), Token));
    }

    [Fact]
    public async Task A_manifest_reads_back_as_written_with_the_version_that_the_write_gave()
    {
        var store = await NewStoreAsync();
        var manifest = FullManifest();

        var write = await WriteAsync(store, manifest, expected: null);
        var stored = await store.GetAsync(manifest.Partition, Token);

        Assert.Equal(ManifestOutcome.Written, write.Outcome);
        Assert.Equal(write.ETag, stored!.ETag);
        Assert.Equal(Encoded(manifest), Encoded(stored.Manifest));
    }

    [Fact]
    public async Task A_manifest_is_created_once()
    {
        var store = await NewStoreAsync();
        await WriteAsync(store, ManifestOf(0, nonce: 1), expected: null);

        var second = await WriteAsync(store, ManifestOf(0, nonce: 2), expected: null);

        Assert.Equal(ManifestOutcome.Conflict, second.Outcome);
        Assert.Equal(NonceOf(1), (await store.GetAsync(Partition(0), Token))!.Manifest.Nonce);
    }

    [Fact]
    public async Task Only_the_newest_version_is_replaced()
    {
        var store = await NewStoreAsync();
        var first = await WriteAsync(store, ManifestOf(0, nonce: 1), expected: null);
        var second = await WriteAsync(store, ManifestOf(0, nonce: 2), first.ETag);

        var late = await WriteAsync(store, ManifestOf(0, nonce: 3), first.ETag);
        var third = await WriteAsync(store, ManifestOf(0, nonce: 4), second.ETag);

        Assert.Equal(ManifestOutcome.Conflict, late.Outcome);
        Assert.Equal(ManifestOutcome.Written, third.Outcome);
        Assert.Equal(3, new[] { first.ETag, second.ETag, third.ETag }.Distinct().Count());
        Assert.Equal(NonceOf(4), (await store.GetAsync(Partition(0), Token))!.Manifest.Nonce);
    }

    // Rule M3 needs it: the version of an old image never comes back, even where its bytes do.
    [Fact]
    public async Task Bytes_that_stood_before_do_not_bring_their_version_back()
    {
        var store = await NewStoreAsync();
        var first = await WriteAsync(store, ManifestOf(0, nonce: 1), expected: null);
        var second = await WriteAsync(store, ManifestOf(0, nonce: 2), first.ETag);
        await WriteAsync(store, ManifestOf(0, nonce: 1), second.ETag);

        Assert.Equal(ManifestOutcome.Conflict, (await WriteAsync(store, ManifestOf(0, nonce: 3), first.ETag)).Outcome);
    }

    // Rule M2: whoever did not hear of his write sends it again. It is told as written or as a conflict; then its nonce tells whose it is.
    [Fact]
    public async Task A_write_that_is_sent_again_after_it_stands_changes_nothing()
    {
        var store = await NewStoreAsync();
        var first = await WriteAsync(store, ManifestOf(0, nonce: 1), expected: null);
        var mine = ManifestOf(0, nonce: 2);
        var second = await WriteAsync(store, mine, first.ETag);

        var again = await WriteAsync(store, mine, first.ETag);
        var stored = await store.GetAsync(Partition(0), Token);

        Assert.True(again.Outcome == ManifestOutcome.Conflict || again.ETag == second.ETag);
        Assert.Equal(second.ETag, stored!.ETag);
        Assert.Equal(mine.Nonce, stored.Manifest.Nonce);
    }

    [Fact]
    public async Task Of_many_writes_at_once_one_stands()
    {
        var store = await NewStoreAsync();
        var first = await WriteAsync(store, ManifestOf(0, nonce: 1), expected: null);

        var writes = await Task.WhenAll(Enumerable.Range(2, 8).Select(nonce => WriteAsync(store, ManifestOf(0, nonce), first.ETag)));

        var winner = Assert.Single(Enumerable.Range(0, writes.Length), writer => writes[writer].Outcome == ManifestOutcome.Written);
        Assert.All(writes.Where((_, writer) => writer != winner), write => Assert.Equal(ManifestOutcome.Conflict, write.Outcome));
        var stored = await store.GetAsync(Partition(0), Token);
        Assert.Equal(NonceOf(winner + 2), stored!.Manifest.Nonce);
        Assert.Equal(writes[winner].ETag, stored.ETag);
    }

    // Rules M2 and M3 as every task follows them: after a conflict anew from what stands, and what is contained already is done.
    [Fact]
    public async Task Changes_of_many_writers_are_all_there_in_the_end()
    {
        var store = await NewStoreAsync();
        await WriteAsync(store, ManifestOf(0, nonce: 1), expected: null);

        await Task.WhenAll(Enumerable.Range(0, 4).Select(writer => AddAsync(store, writer, names: 5)));

        var names = (await store.GetAsync(Partition(0), Token))!.Manifest.PendingDelete;
        var wanted = Enumerable.Range(0, 4).SelectMany(writer => Enumerable.Range(0, 5).Select(number => $"{writer}-{number}"));
        Assert.Equal(wanted, names.Order(StringComparer.Ordinal));
        for (var writer = 0; writer < 4; writer++) Assert.Equal(names.Where(name => name[0] == '0' + writer).Order(StringComparer.Ordinal), names.Where(name => name[0] == '0' + writer));
    }

    [Fact]
    public async Task A_list_has_every_manifest_tombstones_included()
    {
        var store = await NewStoreAsync();
        Assert.Empty(await ListAsync(store));
        var versions = new Dictionary<PartitionId, ETag>();
        for (var index = 0; index < 20; index++)
        {
            var write = await WriteAsync(store, ManifestOf(index, nonce: 1) with { Deleted = index % 5 == 0 }, expected: null);
            versions[Partition(index)] = write.ETag;
        }

        var listed = await ListAsync(store);

        Assert.Equal(versions.OrderBy(entry => entry.Key), listed.ToDictionary(stored => stored.Manifest.Partition, stored => stored.ETag).OrderBy(entry => entry.Key));
        Assert.Equal(4, listed.Count(stored => stored.Manifest.Deleted));
    }

    [Fact]
    public async Task Whoever_needs_no_more_of_a_list_may_leave()
    {
        var store = await NewStoreAsync();
        for (var index = 0; index < 20; index++) await WriteAsync(store, ManifestOf(index, nonce: 1), expected: null);

        await foreach (var stored in store.ListAsync(Token))
        {
            Assert.Equal(Topic, stored.Manifest.Partition.Topic);
            break;
        }

        Assert.Equal(20, (await ListAsync(store)).Count);
    }

    [Fact]
    public async Task A_write_that_was_cancelled_before_it_began_does_nothing()
    {
        var store = await NewStoreAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await store.CompareAndSetAsync(ManifestOf(0, nonce: 1), null, new CancellationToken(canceled: true)));

        Assert.Null(await store.GetAsync(Partition(0), Token));
    }

    /// <summary>A write as callers make it: sent again while its outcome is unknown.</summary>
    protected static async Task<ManifestWrite> WriteAsync(IManifestStore store, Manifest next, ETag? expected)
    {
        for (var attempt = 1; ; attempt++)
        {
            var write = await store.CompareAndSetAsync(next, expected, Token);
            if (write.Outcome != ManifestOutcome.Unknown) return write;
            Assert.True(attempt < MostTries, $"The outcome is still unknown after {attempt} tries.");
        }
    }

    protected static Manifest ManifestOf(int partition, int nonce) => new()
    {
        Partition = Partition(partition),
        Epoch = new LeaderEpoch(1),
        Owner = Owner,
        Nonce = NonceOf(nonce),
    };

    protected static Guid NonceOf(int number) => new(number, 0, 0, new byte[8]);

    private static Manifest FullManifest() => ManifestOf(7, nonce: 3) with
    {
        Epoch = new LeaderEpoch(5),
        LogStart = new Offset(10),
        Extents =
        [
            new SegmentExtent("p/0/0000-4-x", new LeaderEpoch(4), new Offset(0), new Offset(19), 4_000, 100),
            new WalExtent(Owner, new Slot(3), new Slot(9), new Offset(20), new Offset(29), 2_000, 200),
        ],
        Epochs = [new EpochStart(new LeaderEpoch(4), new Offset(0)), new EpochStart(new LeaderEpoch(5), new Offset(20))],
        Snapshot = new SnapshotReference("p/0/0000-4-y.snapshot", new Offset(20)),
        PendingDelete = ["p/0/0000-3-z"],
    };

    private static byte[] Encoded(Manifest manifest)
    {
        var output = new ArrayBufferWriter<byte>();
        ManifestCodec.Write(manifest, output);
        return output.WrittenSpan.ToArray();
    }

    private static async Task AddAsync(IManifestStore store, int writer, int names)
    {
        var writes = 0;
        for (var number = 0; number < names;)
        {
            var stored = (await store.GetAsync(Partition(0), Token))!;
            var name = $"{writer}-{number}";
            if (stored.Manifest.PendingDelete.Contains(name))
            {
                number++;
                continue;
            }

            var next = stored.Manifest with { PendingDelete = stored.Manifest.PendingDelete.Add(name), Nonce = new Guid(writer + 1, (short)++writes, 1, new byte[8]) };
            await WriteAsync(store, next, stored.ETag);
        }
    }

    private static async Task<List<StoredManifest>> ListAsync(IManifestStore store)
    {
        var listed = new List<StoredManifest>();
        await foreach (var stored in store.ListAsync(Token)) listed.Add(stored);
        return listed;
    }
}
