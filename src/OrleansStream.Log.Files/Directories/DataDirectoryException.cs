namespace OrleansStream.Log.Files.Directories;

/// <summary>The data directory cannot be used as it is. The message is one sentence for the person who started the broker.</summary>
public sealed class DataDirectoryException(string path, string message, Exception? inner = null) : LogException(message, inner)
{
    public string Path { get; } = path;
}
