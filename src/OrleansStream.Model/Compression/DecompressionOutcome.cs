namespace OrleansStream.Model.Compression;

/// <summary>How a decompression ended.</summary>
public enum DecompressionOutcome
{
    Done = 0,

    /// <summary>There were more bytes than the caller allows. They may be sound.</summary>
    TooLarge = 1,

    /// <summary>The bytes are not what the codec writes, or are cut short.</summary>
    Corrupt = 2,
}
