namespace OrleansStream.Log.Verification;

/// <summary>Something stored that is not as it must be.</summary>
/// <param name="File">Relative to the data directory, or the name of a blob.</param>
/// <param name="Position">Byte in it, or -1 if it is about the file as a whole.</param>
/// <param name="What">A sentence.</param>
public sealed record Finding(string File, long Position, string What);
