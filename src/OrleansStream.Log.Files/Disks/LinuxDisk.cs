using System.Runtime.InteropServices;
using OrleansStream.Log.Storage;
using OrleansStream.Model;

namespace OrleansStream.Log.Files.Disks;

/// <summary>One data directory of a Linux machine, by calls to the C library: data syncs and directory syncs whose failures are seen, and direct I/O.</summary>
public sealed class LinuxDisk : IDisk
{
    private long Ask(string what, Func<DriveInfo, long> question)
    {
        try
        {
            return question(new DriveInfo(_root));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DiskException(_root, what, 0, error.Message.TrimEnd('.'));
        }
    }

    private const int OwnerOnly = 0x1A4; // rw-r--r--

    // docs/adr/0010-background-work.md has the figures.
    private const long PieceToFree = 4 * Limits.MiB;

    private readonly string _root;
    private readonly Action<string>? _note;
    private int _wasRefused;

    /// <param name="root">The data directory; it must exist.</param>
    /// <param name="note">Told once, in a sentence, if the file system refuses direct I/O.</param>
    public LinuxDisk(string root, Action<string>? note = null)
    {
        _root = System.IO.Path.GetFullPath(root);
        _note = note;
        if (!System.IO.Directory.Exists(_root)) throw new DiskException(_root, "Opening the data directory", LibC.NoEntry, "there is no such directory");
    }

    public long TotalBytes => Ask("Asking for the volume's size", static drive => drive.TotalSize);

    public long FreeBytes => Ask("Asking for free space", static drive => drive.AvailableFreeSpace);

    public IDiskFile Open(string path, DiskOpenMode mode)
    {
        var full = FullPath(path);
        var flags = LibC.CloseOnExec | (mode.HasFlag(DiskOpenMode.Write) ? LibC.ReadWrite : LibC.ReadOnly);
        if (mode.HasFlag(DiskOpenMode.CreateNew)) flags |= LibC.Create | LibC.Exclusive;
        if (mode.HasFlag(DiskOpenMode.Direct))
        {
            var direct = TryOpen(full, flags | LibC.Direct);
            if (direct >= 0) return new LinuxFile(direct, full, isDirect: true);
            if (Marshal.GetLastPInvokeError() is not (LibC.Invalid or LibC.NotSupported)) throw Failure(full, "Open");

            // The refusal comes after the create: the name may stand already.
            flags &= ~LibC.Exclusive;
            NoteRefusal(full);
        }

        var file = TryOpen(full, flags);
        return file >= 0 ? new LinuxFile(file, full, isDirect: false) : throw Failure(full, "Open");
    }

    public bool FileExists(string path) => File.Exists(FullPath(path));

    public IReadOnlyList<string> ListFiles(string directory)
    {
        var full = FullPath(directory);
        if (!System.IO.Directory.Exists(full)) return [];

        try
        {
            var names = System.IO.Directory.GetFiles(full).Select(path => System.IO.Path.GetFileName(path)).ToArray();
            Array.Sort(names, StringComparer.Ordinal);
            return names;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DiskException(full, "Listing", 0, error.Message);
        }
    }

    public void CreateDirectory(string directory)
    {
        var full = FullPath(directory);
        try
        {
            System.IO.Directory.CreateDirectory(full);
        }
        catch (IOException error) when (error.HResult is LibC.NoSpace or LibC.QuotaExceeded)
        {
            throw new DiskFullException(full, "Creating the directory", error.HResult);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DiskException(full, "Creating the directory", 0, error.Message);
        }
    }

    public void Rename(string from, string to)
    {
        var full = FullPath(from);
        if (LibC.Rename(full, FullPath(to)) != 0) throw Failure(full, $"Renaming to '{to}'");
    }

    public void Delete(string path)
    {
        var full = FullPath(path);
        if (LibC.Unlink(full) != 0 && Marshal.GetLastPInvokeError() != LibC.NoEntry) throw Failure(full, "Delete");
    }

    public void DeleteInPieces(string path)
    {
        var full = FullPath(path);
        var file = TryOpen(full, LibC.ReadWrite | LibC.CloseOnExec);
        try
        {
            Delete(path);
            // Whoever made a hard link, as backups do, keeps the bytes.
            if (file >= 0 && LibC.CountNames(file) == 0) FreeInPieces(file);
        }
        finally
        {
            if (file >= 0) _ = LibC.Close(file);
        }
    }

    // Freeing hundreds of MiB is one transaction of the file system, for which every other file's sync waits. What a failed cut leaves goes with the close.
    private static void FreeInPieces(int file)
    {
        for (var length = LibC.Seek(file, 0, LinuxFile.SeekEnd) - PieceToFree; length > 0; length -= PieceToFree)
        {
            if (LibC.Truncate(file, length) != 0) return;
        }
    }

    public void SyncDirectory(string directory)
    {
        var full = FullPath(directory);
        var file = TryOpen(full, LibC.ReadOnly | LibC.Directory | LibC.CloseOnExec);
        if (file < 0) throw Failure(full, "Opening the directory");

        try
        {
            // No second try, whatever the error (rule F1): the kernel may report success for pages that it dropped.
            if (LibC.Sync(file) != 0) throw Failure(full, "Syncing the directory");
        }
        finally
        {
            _ = LibC.Close(file);
        }
    }

    internal static int TryOpen(string full, int flags)
    {
        int file;
        do
        {
            file = LibC.Open(full, flags, OwnerOnly);
        }
        while (file < 0 && Marshal.GetLastPInvokeError() == LibC.Interrupted);

        return file;
    }

    /// <summary>The exception for the call that failed last on this thread.</summary>
    internal static DiskException Failure(string path, string operation)
    {
        var error = Marshal.GetLastPInvokeError();
        return error is LibC.NoSpace or LibC.QuotaExceeded
            ? new DiskFullException(path, operation, error)
            : new DiskException(path, operation, error, $"{Marshal.GetPInvokeErrorMessage(error)} (errno {error})");
    }

    private string FullPath(string path) => System.IO.Path.Combine(_root, path);

    private void NoteRefusal(string full)
    {
        if (Interlocked.Exchange(ref _wasRefused, 1) == 0)
            _note?.Invoke($"The file system of '{full}' refuses direct I/O; files are written through the page cache instead.");
    }
}
