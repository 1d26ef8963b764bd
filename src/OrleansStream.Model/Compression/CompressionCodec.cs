namespace OrleansStream.Model.Compression;

/// <summary>How the records of a batch are compressed: the low three bits of its attributes. 5 to 7 stand for nothing.</summary>
public enum CompressionCodec : byte
{
    None = 0,
    Gzip = 1,
    Snappy = 2,
    Lz4 = 3,
    Zstd = 4,
}
