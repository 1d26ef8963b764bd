namespace OrleansStream.Log.Storage;

/// <summary>
/// The files of one data directory. Every call blocks, so it is made from the lane's own thread or from the few threads for cold reads, never
/// from the thread pool. Paths are relative to the data directory, with '/' between names.
/// </summary>
/// <remarks>A name created, renamed or deleted survives a power cut only once <see cref="SyncDirectory"/> of its directory has succeeded (rule F2).</remarks>
public interface IDisk
{
    /// <summary>Opens a file.</summary>
    /// <exception cref="DiskException">The file is missing, taken or refused, as <paramref name="mode"/> says.</exception>
    IDiskFile Open(string path, DiskOpenMode mode);

    bool FileExists(string path);

    /// <summary>Names (not paths) of the files of a directory, in ordinal order; empty if there is no such directory.</summary>
    IReadOnlyList<string> ListFiles(string directory);

    /// <summary>Creates the directory and its parents where they are missing.</summary>
    void CreateDirectory(string directory);

    /// <summary>Renames within the data directory and replaces what stands at the target.</summary>
    void Rename(string from, string to);

    /// <summary>Deletes the file; nothing happens if it is gone already.</summary>
    void Delete(string path);

    /// <summary>
    /// Deletes a large file that nobody reads or writes any more; nothing happens if it is gone already. The name is gone first, the space follows in
    /// pieces, so that syncs of other files are not held up for as long.
    /// </summary>
    void DeleteInPieces(string path);

    /// <summary>Makes the creates, renames and deletes in this directory durable.</summary>
    /// <exception cref="DiskException">The sync failed: nothing may rely on those names.</exception>
    void SyncDirectory(string directory);

    /// <summary>Bytes of the whole volume, used or not.</summary>
    long TotalBytes { get; }

    /// <summary>Bytes that this process may still write.</summary>
    long FreeBytes { get; }
}
