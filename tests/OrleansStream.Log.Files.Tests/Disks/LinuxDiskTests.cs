using System.Runtime.InteropServices;
using OrleansStream.Log.Files.Disks;
using OrleansStream.Log.Storage;
using OrleansStream.Model;

namespace OrleansStream.Log.Files.Tests.Disks;

/// <summary>The disk against the kernel it runs on: what a simulated disk cannot show.</summary>
public sealed partial class LinuxDiskTests : IDisposable
{
    private const int NoEntry = 2, BadFile = 9, NoSpace = 28, FileTooBig = 27, Exists = 17;
    private const int FileSizeLimit = 1, FileSizeSignal = 25;

    private readonly string _root = Directory.CreateTempSubdirectory("disk-").FullName;

    // A ramfs has neither direct I/O nor a way to reserve space; newer kernels give tmpfs both.
    [Fact]
    public void F6_a_file_system_that_refuses_direct_io_is_written_through_the_page_cache_and_says_so_once()
    {
        var mount = Path.Combine(_root, "plain");
        Directory.CreateDirectory(mount);
        Assert.SkipUnless(Mount("ramfs", mount, "ramfs", 0, "") == 0, "A file system without direct I/O can be mounted by root only.");
        try
        {
            var notes = new List<string>();
            var disk = new LinuxDisk(mount, notes.Add);
            using var first = disk.Open("a", DiskOpenMode.Write | DiskOpenMode.CreateNew | DiskOpenMode.Direct);
            using var second = disk.Open("b", DiskOpenMode.Write | DiskOpenMode.CreateNew | DiskOpenMode.Direct);
            Assert.Contains(mount, Assert.Single(notes), StringComparison.Ordinal);

            // Bytes of any length at any place, as without direct I/O.
            Assert.Equal(1, first.Alignment);
            first.Write(3, ["unaligned"u8.ToArray()]);
            first.SyncData();
            var read = new byte[9];
            Assert.Equal(9, first.Read(3, read));
            Assert.Equal("unaligned"u8.ToArray(), read);

            first.Reserve(Limits.MiB + 5);
            Assert.Equal(Limits.MiB + 5, first.Length);
            Assert.Equal(9, first.Read(3, read));
            Assert.Equal("unaligned"u8.ToArray(), read);
        }
        finally
        {
            Unmount(mount, 0);
        }
    }

    [Fact]
    public void A_name_that_is_taken_is_refused_also_with_direct_io()
    {
        var disk = new LinuxDisk(_root);
        disk.Open("a", DiskOpenMode.Write | DiskOpenMode.CreateNew).Dispose();
        var error = Assert.Throws<DiskException>(() => disk.Open("a", DiskOpenMode.Write | DiskOpenMode.CreateNew | DiskOpenMode.Direct));
        Assert.Contains($"errno {Exists}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Errors_say_what_failed_where_and_with_which_number()
    {
        var disk = new LinuxDisk(_root);
        foreach (var (path, call) in new (string, Action)[]
        {
            ("missing", () => disk.Open("missing", DiskOpenMode.Read)),
            ("missing", () => disk.Rename("missing", "other")),
            ("nowhere", () => disk.SyncDirectory("nowhere")),
        })
        {
            var error = Assert.Throws<DiskException>(call);
            Assert.Contains(Path.Combine(_root, path), error.Message, StringComparison.Ordinal);
            Assert.Contains($"errno {NoEntry}", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Reserved_space_is_passed_over_and_written_bytes_are_found_also_while_they_wait_in_the_page_cache()
    {
        var disk = new LinuxDisk(_root);
        using var file = disk.Open("a", DiskOpenMode.Write | DiskOpenMode.CreateNew);
        file.Reserve(8 * Limits.MiB);
        Assert.SkipUnless(file.NextData(0) > 0, "The file system cannot tell reserved space from written.");

        Assert.Equal(8 * Limits.MiB, file.NextData(0));
        file.Write(5 * Limits.MiB, [new byte[4096]]);

        Assert.Equal(5 * Limits.MiB, file.NextData(0));
        Assert.Equal((5 * Limits.MiB) + 1, file.NextData((5 * Limits.MiB) + 1));
        Assert.Equal(8 * Limits.MiB, file.NextData((5 * Limits.MiB) + 4096));
        file.SyncData();
        Assert.Equal(5 * Limits.MiB, file.NextData(0));
    }

    [Fact]
    public void A_file_deleted_in_pieces_is_gone_with_its_space_and_a_second_deletion_is_none()
    {
        var disk = new LinuxDisk(_root);
        using var open = disk.Open("a", DiskOpenMode.Write | DiskOpenMode.CreateNew);
        open.Reserve(33 * Limits.MiB);

        disk.DeleteInPieces("a");

        Assert.False(disk.FileExists("a"));
        Assert.InRange(open.Length, 1, 4 * Limits.MiB); // The last piece goes with the last descriptor.
        disk.DeleteInPieces("a");
    }

    [Fact]
    public void A_hard_link_keeps_the_bytes_of_a_file_deleted_in_pieces()
    {
        var disk = new LinuxDisk(_root);
        using (var file = disk.Open("a", DiskOpenMode.Write | DiskOpenMode.CreateNew)) file.Reserve(33 * Limits.MiB);
        Assert.Equal(0, Link(Path.Combine(_root, "a"), Path.Combine(_root, "kept")));

        disk.DeleteInPieces("a");

        using var kept = disk.Open("kept", DiskOpenMode.Read);
        Assert.Equal(33 * Limits.MiB, kept.Length);
    }

    [Fact]
    public void A_closed_file_refuses_every_call()
    {
        var disk = new LinuxDisk(_root);
        var file = disk.Open("a", DiskOpenMode.Write | DiskOpenMode.CreateNew);
        file.Dispose();
        file.Dispose();
        foreach (var call in new Action[]
        {
            () => file.Write(0, [new byte[1]]), () => file.Read(0, new byte[1]), () => file.SyncData(), () => file.Truncate(0), () => file.Reserve(1), () => _ = file.Length,
        })
        {
            Assert.Contains($"errno {BadFile}", Assert.Throws<DiskException>(call).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_file_that_is_read_only_takes_no_write()
    {
        var disk = new LinuxDisk(_root);
        disk.Open("a", DiskOpenMode.Write | DiskOpenMode.CreateNew).Dispose();
        using var file = disk.Open("a", DiskOpenMode.Read);
        Assert.Contains($"errno {BadFile}", Assert.Throws<DiskException>(() => file.Write(0, [new byte[1]])).Message, StringComparison.Ordinal);
    }

    // More pieces than one call takes, of all lengths.
    [Fact]
    public void A_write_of_many_pieces_stands_as_one()
    {
        var disk = new LinuxDisk(_root);
        using var file = disk.Open("a", DiskOpenMode.Write | DiskOpenMode.CreateNew);
        var bytes = new byte[700_000];
        new Random(1).NextBytes(bytes);
        var pieces = new List<ReadOnlyMemory<byte>>();
        for (var at = 0; at < bytes.Length;)
        {
            var length = Math.Min(bytes.Length - at, pieces.Count % 500);
            pieces.Add(bytes.AsMemory(at, length));
            at += length;
        }

        Assert.True(pieces.Count > 2 * 1024);
        file.Write(5, CollectionsMarshal.AsSpan(pieces));
        var read = new byte[bytes.Length + 10];
        Assert.Equal(bytes.Length, file.Read(5, read));
        Assert.Equal(bytes, read[..bytes.Length]);
    }

    // The kernel writes what fits and says how much that was; the rest fails, and nothing may pass for written.
    [Fact]
    public void A_write_that_the_limit_on_file_sizes_cuts_short_fails_and_the_next_within_it_succeeds()
    {
        var ignored = Signal(FileSizeSignal, 1);
        Assert.Equal(0, GetLimit(FileSizeLimit, out var before));
        var disk = new LinuxDisk(_root);
        using var file = disk.Open("a", DiskOpenMode.Write | DiskOpenMode.CreateNew);
        try
        {
            // Of this process, so above what any other test here writes to one file.
            var limit = 300L * Limits.MiB;
            Assert.Equal(0, SetLimit(FileSizeLimit, new Limit { Current = (ulong)limit, Max = before.Max }));
            var pieces = new ReadOnlyMemory<byte>[] { new byte[10_000], new byte[10_000], new byte[10_000] };
            var error = Assert.Throws<DiskException>(() => file.Write(limit - 15_000, pieces));
            Assert.Contains($"errno {FileTooBig}", error.Message, StringComparison.Ordinal);
            Assert.Contains("Writing 15000 bytes", error.Message, StringComparison.Ordinal);
            Assert.Equal(limit, file.Length);
            file.Write(limit - 30_000, pieces);
        }
        finally
        {
            SetLimit(FileSizeLimit, before);
            Signal(FileSizeSignal, ignored);
        }
    }

    [Fact]
    public void A_full_file_system_is_told_from_a_broken_one_and_works_again_when_space_returns()
    {
        var mount = Path.Combine(_root, "small");
        Directory.CreateDirectory(mount);
        Assert.SkipUnless(Mount("tmpfs", mount, "tmpfs", 0, "size=256k") == 0, "A small file system can be mounted by root only.");
        try
        {
            var disk = new LinuxDisk(mount);
            using var file = disk.Open("a", DiskOpenMode.Write | DiskOpenMode.CreateNew);
            var reserve = Assert.Throws<DiskFullException>(() => file.Reserve(Limits.MiB));
            Assert.Contains(Path.Combine(mount, "a"), reserve.Message, StringComparison.Ordinal);
            Assert.Equal(NoSpace, reserve.ErrorNumber);
            Assert.Throws<DiskFullException>(() => file.Write(0, [new byte[Limits.MiB]]));
            Assert.Equal(0, disk.FreeBytes);

            file.Truncate(0);
            file.Write(0, [new byte[100_000]]);
            file.SyncData();
            Assert.True(disk.FreeBytes is > 0 and < 200_000);
            Assert.True(disk.TotalBytes > disk.FreeBytes);
        }
        finally
        {
            Unmount(mount, 0);
        }
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string from, string to);

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Mount(string source, string target, string type, nuint flags, string data);

    [LibraryImport("libc", EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unmount(string target, int flags);

    [LibraryImport("libc", EntryPoint = "signal", SetLastError = true)]
    private static partial nint Signal(int number, nint handler);

    [LibraryImport("libc", EntryPoint = "getrlimit", SetLastError = true)]
    private static partial int GetLimit(int resource, out Limit limit);

    [LibraryImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    private static partial int SetLimit(int resource, in Limit limit);

    private struct Limit
    {
        public ulong Current;
        public ulong Max;
    }
}
