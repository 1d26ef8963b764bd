using OrleansStream.Model.Compression;

namespace OrleansStream.Model.Records;

/// <summary>What a topic and a request demand of a batch. A value per produce request and topic; the defaults are Kafka's.</summary>
public readonly struct BatchRules()
{
    /// <summary>Largest batch in bytes, header included: <c>max.message.bytes</c>. 1,048,588 unless set.</summary>
    public int MaxBatchBytes { get; init; } = 1_048_588;

    /// <summary>Largest batch that fits into a segment: <c>segment.bytes</c>. No bound unless set.</summary>
    public int MaxSegmentBytes { get; init; } = int.MaxValue;

    /// <summary>Whether <c>cleanup.policy</c> holds <c>compact</c>: every record then needs a key.</summary>
    public bool IsCompacted { get; init; }

    /// <summary><c>message.timestamp.type</c>.</summary>
    public TimestampType TimestampType { get; init; }

    /// <summary>How much older than now a record may be, in milliseconds: <c>message.timestamp.before.max.ms</c>. No bound unless set.</summary>
    public long TimestampBeforeMaxMs { get; init; } = long.MaxValue;

    /// <summary>How much newer than now a record may be, in milliseconds: <c>message.timestamp.after.max.ms</c>. One hour unless set.</summary>
    public long TimestampAfterMaxMs { get; init; } = 3_600_000;

    /// <summary>The broker's clock in milliseconds since 1970, read once for the request.</summary>
    public long NowMs { get; init; }

    public RecordValidation Records { get; init; }

    /// <summary>False for requests of versions that are older than zstd (Produce below 7).</summary>
    public bool AcceptsZstd { get; init; } = true;

    /// <summary>Bytes that the records of one batch may have when they are decompressed. <see cref="RecordDecompressor.DefaultMaxBytes"/> unless set.</summary>
    public int MaxDecompressedBytes { get; init; } = RecordDecompressor.DefaultMaxBytes;
}
