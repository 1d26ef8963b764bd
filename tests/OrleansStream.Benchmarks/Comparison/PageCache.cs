using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace OrleansStream.Benchmarks.Comparison;

/// <summary>The kernel's cache of file pages: flushed, so that one side's writes do not slow the other's; dropped, for cold reads.</summary>
internal static partial class PageCache
{
    private const int DontNeed = 4;

    /// <summary>Writes everything out that any process has left in memory.</summary>
    public static void Flush() => SyncAll();

    /// <summary>Drops the cached pages of all files below a directory. Needs no privilege, unlike the kernel's own switch.</summary>
    public static void Drop(string directory)
    {
        SyncAll();
        foreach (var path in Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories))
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var error = Advise(file, 0, 0, DontNeed);
            if (error != 0) throw new IOException($"{path}: its pages could not be dropped, error {error}.");
        }
    }

    [LibraryImport("libc", EntryPoint = "sync")]
    private static partial void SyncAll();

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Advise(SafeFileHandle file, long offset, long length, int advice);
}
