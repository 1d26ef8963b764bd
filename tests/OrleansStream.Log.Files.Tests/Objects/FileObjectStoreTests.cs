using System.Buffers;
using OrleansStream.Log.Files.Objects;
using OrleansStream.Log.Storage;
using OrleansStream.Testing.Disks;
using OrleansStream.Testing.Dispatch;

namespace OrleansStream.Log.Files.Tests.Objects;

public class FileObjectStoreTests
{
    private static readonly byte[] Content = [.. Enumerable.Range(0, 10_000).Select(i => (byte)i)];

    [Fact]
    public void An_object_reads_back_as_written_and_its_name_is_taken()
    {
        var store = new StoreUnderTest(NewDisk());

        Assert.True(store.Create("p/00a/topic/0/1-2-x", Content));
        Assert.False(store.Create("p/00a/topic/0/1-2-x", Content));
        Assert.Equal(Content.Length, store.Length("p/00a/topic/0/1-2-x"));
        Assert.Equal(Content, store.Read("p/00a/topic/0/1-2-x", 0, Content.Length + 5));
        Assert.Equal(Content[9_990..], store.Read("p/00a/topic/0/1-2-x", 9_990, 100));
        Assert.Null(store.Read("p/00a/topic/0/other", 0, 1));
        Assert.Equal(-1, store.Length("p/00a/topic/0/other"));
    }

    [Fact]
    public void Listing_gives_the_names_with_the_prefix_in_ordinal_order()
    {
        var store = new StoreUnderTest(NewDisk());
        foreach (var name in new[] { "p/b/2", "p/a/1", "q/a/1", "p/b/1" }) store.Create(name, Content);

        Assert.Equal(["p/a/1", "p/b/1", "p/b/2"], store.List("p/"));
        store.Delete("p/b/1");
        store.Delete("p/b/1");
        Assert.Equal(["p/b/2"], store.List("p/b/"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a+b")]
    [InlineData("a b")]
    [InlineData("ä")]
    public void A_name_that_could_not_be_told_from_another_is_refused(string name) =>
        Assert.Throws<ArgumentException>(() => new StoreUnderTest(NewDisk()).Create(name, Content));

    [Fact]
    public void A_power_cut_at_any_write_point_leaves_whole_objects_and_all_that_were_promised()
    {
        var counting = NewDisk();
        Run(counting);
        for (var point = 1L; point <= counting.WritePoints; point++)
        {
            for (var seed = 0; seed < 8; seed++)
            {
                var disk = NewDisk();
                disk.StopAtWritePoint = point;
                var (created, deleted) = Run(disk);
                var left = seed == 0 ? disk.Kill() : disk.CutPower(seed);
                var names = new StoreUnderTest(left).List("");
                var second = left.CutPower(seed);
                var store = new StoreUnderTest(second);
                Assert.Equal(names, store.List(""));
                Assert.All(created.Except(deleted), name => Assert.Contains(name, names));
                Assert.All(names, name => Assert.Equal(Content, store.Read(name, 0, Content.Length)));
                Assert.Empty(second.ListFiles("objects/new"));
            }
        }
    }

    [Fact]
    public void A_failed_create_leaves_the_name_free()
    {
        var disk = NewDisk();
        var store = new StoreUnderTest(disk);
        disk.Faults = call => call.Operation == DiskOperation.SyncData ? DiskFault.Fail : DiskFault.None;
        Assert.Throws<DiskException>(() => store.Create("a/b", Content));
        disk.Faults = null;
        Assert.True(store.Create("a/b", Content));
        Assert.Single(disk.AllFiles());
    }

    private static SimulatedDisk NewDisk()
    {
        var disk = new SimulatedDisk();
        disk.CreateDirectory("objects");
        disk.SyncDirectory("");
        return disk;
    }

    private static (List<string> Created, List<string> Deleted) Run(SimulatedDisk disk)
    {
        List<string> created = [], deleted = [];
        try
        {
            var store = new StoreUnderTest(disk);
            foreach (var name in new[] { "a/1", "a/2", "b/1" })
            {
                store.Create(name, Content);
                created.Add(name);
            }

            // From the call on it may be gone.
            deleted.Add("a/1");
            store.Delete("a/1");
        }
        catch (SimulatedCrashException)
        {
        }

        return (created, deleted);
    }

    private sealed class StoreUnderTest(SimulatedDisk disk)
    {
        private readonly SeededScheduler _scheduler = new(1);
        private FileObjectStore? _store;

        private FileObjectStore Store => _store ??= FileObjectStore.Open(disk, _scheduler);

        // In two pieces, since content comes as a sequence.
        public bool Create(string name, byte[] content)
        {
            var store = Store;
            var last = new Piece(content.AsMemory(content.Length / 2), content.Length / 2);
            var first = new Piece(content.AsMemory(0, content.Length / 2), 0) { After = last };
            return _scheduler.Run(async () => await store.TryCreateAsync(name, new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length), CancellationToken.None));
        }

        public byte[]? Read(string name, long position, int length)
        {
            var store = Store;
            var bytes = new byte[length];
            var read = _scheduler.Run(async () => await store.ReadAsync(name, position, bytes, CancellationToken.None));
            return read < 0 ? null : bytes[..read];
        }

        public long Length(string name) => _scheduler.Run(async () => await Store.LengthAsync(name, CancellationToken.None));

        public void Delete(string name) => _scheduler.Run(async () => await Store.DeleteAsync(name, CancellationToken.None));

        public List<string> List(string prefix)
        {
            var store = Store;
            return _scheduler.Run(async () =>
            {
                var names = new List<string>();
                await foreach (var name in store.ListAsync(prefix, CancellationToken.None)) names.Add(name);
                return names;
            });
        }
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory, long index)
        {
            Memory = memory;
            RunningIndex = index;
        }

        public Piece After
        {
            set => Next = value;
        }
    }
}
