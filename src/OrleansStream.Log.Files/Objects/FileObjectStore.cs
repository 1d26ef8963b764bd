using System.Buffers;
using System.Globalization;
using System.Runtime.CompilerServices;
using OrleansStream.Log.Storage;
using OrleansStream.Model;

namespace OrleansStream.Log.Files.Objects;

/// <summary>
/// Objects as files: written under a temporary name, synced, renamed, and the directory synced, so that an object is there as a whole or not at all.
/// File calls run on the scheduler given, which bounds how many run at once.
/// </summary>
public sealed class FileObjectStore : IObjectStore
{
    // One write call takes at most this many pieces, well under what the system allows (IOV_MAX is 1,024).
    private const int MaxPieces = 512;

    // A large object is synced in steps: the lane's own sync waits for what the device was given before it.
    private const int StepBytes = Limits.MiB;

    private readonly Lock _gate = new();
    private readonly IDisk _disk;
    private readonly TaskScheduler _scheduler;
    private readonly HashSet<string> _folders = new(StringComparer.Ordinal);
    private readonly HashSet<string> _creating = new(StringComparer.Ordinal);
    private readonly ObjectUses _uses = new();
    private long _temporaries;

    private FileObjectStore(IDisk disk, TaskScheduler scheduler)
    {
        _disk = disk;
        _scheduler = scheduler;
    }

    /// <summary>
    /// Opens the store: removes half-written objects, and syncs the folders, since names that a killed process had not synced must not count before (rule F8). Blocks.
    /// </summary>
    /// <exception cref="DiskException">The disk failed; nothing was lost.</exception>
    public static FileObjectStore Open(IDisk disk, TaskScheduler scheduler)
    {
        var store = new FileObjectStore(disk, scheduler);
        disk.CreateDirectory(ObjectNames.TemporaryFolder);
        foreach (var leftover in disk.ListFiles(ObjectNames.TemporaryFolder)) disk.Delete($"{ObjectNames.TemporaryFolder}/{leftover}");
        for (var index = 0; index < ObjectNames.Folders; index++)
        {
            var folder = ObjectNames.FolderOf(index);
            if (disk.ListFiles(folder).Count == 0) continue;
            disk.SyncDirectory(folder);
            store._folders.Add(folder);
        }

        disk.SyncDirectory(Directories.DataDirectory.ObjectDirectory);
        return store;
    }

    /// <summary>Opens the store of a directory that no broker uses, to read what it holds. Changes nothing.</summary>
    public static FileObjectStore OpenToRead(IDisk disk, TaskScheduler scheduler) => new(disk, scheduler);

    public async ValueTask<bool> TryCreateAsync(string name, ReadOnlySequence<byte> content, CancellationToken cancellationToken)
    {
        var path = ObjectNames.PathOf(name);

        // Not cancelled half way: the content is borrowed until the write is over.
        return await OnDisk(() => TryCreate(name, path, content), cancellationToken);
    }

    public async ValueTask<int> ReadAsync(string name, long position, Memory<byte> destination, CancellationToken cancellationToken)
    {
        var path = ObjectNames.PathOf(name);
        return await OnDisk(() => (int)Read(path, file => file.Read(position, destination.Span)), cancellationToken);
    }

    public async ValueTask<long> LengthAsync(string name, CancellationToken cancellationToken)
    {
        var path = ObjectNames.PathOf(name);
        return await OnDisk(() => Read(path, static file => file.Length), cancellationToken);
    }

    public async ValueTask DeleteAsync(string name, CancellationToken cancellationToken)
    {
        var path = ObjectNames.PathOf(name);
        await OnDisk(
            () =>
            {
                if (!_disk.FileExists(path)) return false;
                Delete(path);

                // An object that came back after a power cut would be in no manifest and never be deleted again.
                _disk.SyncDirectory(ObjectNames.FolderOf(name));
                return true;
            },
            cancellationToken);
    }

    public async IAsyncEnumerable<string> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var names = await OnDisk(
            () => Enumerable.Range(0, ObjectNames.Folders)
                .SelectMany(index => _disk.ListFiles(ObjectNames.FolderOf(index)))
                .Select(ObjectNames.NameOf)
                .Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)
                .ToList(),
            cancellationToken);
        foreach (var name in names) yield return name;
    }

    // -1 if there is no such object.
    private long Read(string path, Func<IDiskFile, long> read)
    {
        if (!_uses.TryBeginRead(path)) return -1;
        try
        {
            if (!_disk.FileExists(path)) return -1;
            using var file = _disk.Open(path, DiskOpenMode.Read);
            return read(file);
        }
        finally
        {
            _uses.EndRead(path);
        }
    }

    // A reader keeps a deleted file, but not one whose bytes are freed under it.
    private void Delete(string path)
    {
        if (!_uses.TryBeginDelete(path))
        {
            _disk.Delete(path);
            return;
        }

        try
        {
            _disk.DeleteInPieces(path);
        }
        finally
        {
            _uses.EndDelete(path);
        }
    }

    private Task<T> OnDisk<T>(Func<T> work, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.DenyChildAttach, _scheduler);
    }

    private bool TryCreate(string name, string path, in ReadOnlySequence<byte> content)
    {
        lock (_gate)
        {
            // A create under way counts as taken: its writer, not this one, learns whether it succeeds.
            if (!_creating.Add(path)) return false;
        }

        try
        {
            if (_disk.FileExists(path)) return false;
            Create(ObjectNames.FolderOf(name), path, content);
            return true;
        }
        finally
        {
            lock (_gate) _creating.Remove(path);
        }
    }

    private void Create(string folder, string path, in ReadOnlySequence<byte> content)
    {
        EnsureFolder(folder);
        var temporary = string.Create(CultureInfo.InvariantCulture, $"{ObjectNames.TemporaryFolder}/{Interlocked.Increment(ref _temporaries):x16}");
        try
        {
            using (var file = _disk.Open(temporary, DiskOpenMode.Write | DiskOpenMode.CreateNew))
            {
                WriteAll(file, content);
                file.SyncData();
            }

            _disk.Rename(temporary, path);
            _disk.SyncDirectory(folder);
        }
        catch (DiskException)
        {
            RemoveQuietly(temporary);
            throw;
        }
    }

    private static void WriteAll(IDiskFile file, in ReadOnlySequence<byte> content)
    {
        file.Reserve(content.Length);
        var pieces = new List<ReadOnlyMemory<byte>>();
        var position = 0L;
        var pending = 0L;
        foreach (var piece in content)
        {
            pieces.Add(piece);
            pending += piece.Length;
            if (pieces.Count < MaxPieces && pending < StepBytes) continue;
            file.Write(position, [.. pieces]);
            file.SyncData();
            position += pending;
            pending = 0;
            pieces.Clear();
        }

        if (pieces.Count > 0) file.Write(position, [.. pieces]);
    }

    private void EnsureFolder(string folder)
    {
        lock (_gate)
        {
            if (_folders.Contains(folder)) return;
        }

        _disk.CreateDirectory(folder);
        _disk.SyncDirectory(Directories.DataDirectory.ObjectDirectory);
        lock (_gate) _folders.Add(folder);
    }

    // The next start removes it too; the first failure is the one to report.
    private void RemoveQuietly(string temporary)
    {
        try
        {
            _disk.Delete(temporary);
        }
        catch (DiskException)
        {
        }
    }
}
