namespace OrleansStream.Log.Storage;

/// <summary>Stored bytes do not verify. Never retried for long: they will not heal.</summary>
/// <param name="source">The file or object.</param>
/// <param name="position">Byte in it at which the damaged block or frame starts.</param>
/// <param name="detail">What was expected and found, with the offsets that are affected where they are known.</param>
public sealed class CorruptBlockException(string source, long position, string detail)
    : LogException($"'{source}', byte {position}: {detail}")
{
    public string Location { get; } = source;

    public long Position { get; } = position;

    /// <summary>The message without the place.</summary>
    public string Detail { get; } = detail;
}
