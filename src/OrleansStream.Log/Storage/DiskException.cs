namespace OrleansStream.Log.Storage;

/// <summary>A file operation failed. Carries the path and the operating system's error number (0 if there was none).</summary>
public class DiskException(string path, string operation, int errorNumber, string reason)
    : LogException($"{operation} of '{path}' failed: {reason}.")
{
    public string Path { get; } = path;

    public string Operation { get; } = operation;

    public int ErrorNumber { get; } = errorNumber;
}

/// <summary>There is no space left. Nothing is lost: producing is refused until space returns.</summary>
public sealed class DiskFullException(string path, string operation, int errorNumber)
    : DiskException(path, operation, errorNumber, "no space left on the device");
