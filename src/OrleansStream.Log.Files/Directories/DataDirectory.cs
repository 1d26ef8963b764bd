using OrleansStream.Log.Files.Disks;
using OrleansStream.Log.Files.Metadata;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Files.Directories;

/// <summary>A broker's data directory, locked for this process until it is disposed. docs/formats/data-directory.md describes what stands in it.</summary>
public sealed class DataDirectory : IDisposable
{
    /// <summary>WAL files.</summary>
    public const string WalDirectory = "wal";

    /// <summary>The metadata journal.</summary>
    public const string MetadataDirectory = JournalNames.Directory;

    /// <summary>Segments and snapshots.</summary>
    public const string ObjectDirectory = "objects";

    private static readonly string[] Directories = [WalDirectory, MetadataDirectory, ObjectDirectory];

    // What a file system or its owner may put into a directory that is otherwise ours.
    private static readonly string[] Tolerated = [DirectoryLock.FileName, DataDirectoryIdentity.TemporaryName, DiskReserve.FileName, "lost+found"];

    private readonly DirectoryLock _lock;

    private DataDirectory(string path, IDisk disk, DataDirectoryIdentity identity, DirectoryLock directoryLock)
    {
        Path = path;
        Disk = disk;
        Identity = identity;
        _lock = directoryLock;
    }

    public string Path { get; }

    public IDisk Disk { get; }

    public DataDirectoryIdentity Identity { get; }

    /// <summary>Locks the directory for this process, and creates it where it is missing, empty or was left half created.</summary>
    /// <param name="path">Where, absolute or relative to the working directory.</param>
    /// <param name="openDisk">Makes the disk for the absolute path.</param>
    /// <param name="identity">What to write into a new directory. In one that exists, the broker must be the same; its cluster id is kept.</param>
    /// <exception cref="DataDirectoryException">It is locked, unwritable, of a newer format, another broker's or not ours; nothing in it was changed.</exception>
    public static DataDirectory Open(string path, Func<string, IDisk> openDisk, DataDirectoryIdentity identity)
    {
        var full = System.IO.Path.GetFullPath(path);
        DirectoryLock? held = null;
        try
        {
            Directory.CreateDirectory(full);
            RefuseForeign(full);
            held = DirectoryLock.Take(full);
            var disk = openDisk(full);
            var found = OpenOrCreate(disk, full, identity);
            return new DataDirectory(full, disk, found, held);
        }
        catch (Exception error)
        {
            held?.Dispose();
            if (error is UnauthorizedAccessException or IOException or DiskException)
            {
                throw new DataDirectoryException(full, $"The data directory '{full}' cannot be written: {error.Message.TrimEnd('.')}.", error);
            }

            throw;
        }
    }

    /// <summary>The part of <see cref="Open"/> that works on a disk; the caller holds the lock. Durable on return.</summary>
    public static DataDirectoryIdentity OpenOrCreate(IDisk disk, string shownPath, DataDirectoryIdentity identity)
    {
        var found = DataDirectoryIdentity.Read(disk, shownPath);
        if (found is not null && found.Broker != identity.Broker)
        {
            throw new DataDirectoryException(
                shownPath, $"The data directory '{shownPath}' belongs to broker {found.Broker}, but this broker is configured as {identity.Broker}.");
        }

        if (found is null) RefuseOrphans(disk, shownPath);

        // Before the identity: with it a directory counts as complete.
        foreach (var directory in Directories) disk.CreateDirectory(directory);
        disk.SyncDirectory("");
        if (found is not null) return found;
        identity.Create(disk);
        return identity;
    }

    /// <summary>What the identity file says; for verification, which changes nothing.</summary>
    public static DataDirectoryIdentity? ReadIdentity(IDisk disk, string shownPath) => DataDirectoryIdentity.Read(disk, shownPath);

    /// <summary>Keeps brokers out of a directory while it is read. Writes nothing, so a directory on a read-only file system will do. To be disposed.</summary>
    /// <exception cref="DataDirectoryException">There is no such directory, or a broker uses it.</exception>
    public static IDisposable HoldForReading(string path)
    {
        var full = System.IO.Path.GetFullPath(path);
        return Directory.Exists(full) ? DirectoryLock.TakeShared(full) : throw new DataDirectoryException(full, $"There is no directory '{full}'.");
    }

    public void Dispose() => _lock.Dispose();

    private static void RefuseForeign(string full)
    {
        if (File.Exists(System.IO.Path.Combine(full, DataDirectoryIdentity.FileName))) return;
        var foreign = Directory.EnumerateFileSystemEntries(full)
            .Select(entry => System.IO.Path.GetFileName(entry)!)
            .Where(name => !Tolerated.Contains(name) && !Directories.Contains(name))
            .Order(StringComparer.Ordinal)
            .FirstOrDefault();
        if (foreign is not null)
        {
            throw new DataDirectoryException(full, $"'{full}' is not a data directory of OrleansStream: it holds '{foreign}'; name an empty or a new directory.");
        }
    }

    // A start that failed half way leaves empty directories; data without an identity was separated from it by somebody.
    private static void RefuseOrphans(IDisk disk, string shownPath)
    {
        foreach (var directory in Directories)
        {
            if (disk.ListFiles(directory) is not [var first, ..]) continue;
            throw new DataDirectoryException(
                shownPath, $"The data directory '{shownPath}' holds '{directory}/{first}', but its file '{DataDirectoryIdentity.FileName}' is missing: restore that file.");
        }
    }
}
