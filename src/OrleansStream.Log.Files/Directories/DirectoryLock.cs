namespace OrleansStream.Log.Files.Directories;

/// <summary>The exclusive lock on a data directory: an advisory lock on a file, which the kernel takes back when the process ends in whatever way.</summary>
internal sealed class DirectoryLock : IDisposable
{
    public const string FileName = "lock";

    private readonly FileStream? _file;

    private DirectoryLock(FileStream? file) => _file = file;

    /// <exception cref="DataDirectoryException">Another process holds it.</exception>
    public static DirectoryLock Take(string directory)
    {
        var path = Path.Combine(directory, FileName);
        try
        {
            return new DirectoryLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0));
        }
        catch (IOException error) when (File.Exists(path) && error is not FileNotFoundException)
        {
            throw new DataDirectoryException(directory, $"The data directory '{directory}' is in use by another process.", error);
        }
    }

    /// <summary>A lock that others may share who only read. A directory without a lock file has never had a broker, and is not given one.</summary>
    /// <exception cref="DataDirectoryException">A broker holds it.</exception>
    public static DirectoryLock TakeShared(string directory)
    {
        var path = Path.Combine(directory, FileName);
        try
        {
            return new DirectoryLock(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0));
        }
        catch (FileNotFoundException)
        {
            return new DirectoryLock(null);
        }
        catch (IOException error)
        {
            throw new DataDirectoryException(directory, $"The data directory '{directory}' is in use by another process.", error);
        }
    }

    public void Dispose() => _file?.Dispose();
}
