namespace OrleansStream.Model.Records;

/// <summary>One record where it lies. Its spans are borrowed from the bytes that the <see cref="RecordReader"/> was given.</summary>
public ref struct RecordView
{
    /// <summary>To be added to the batch's base offset.</summary>
    public int OffsetDelta { get; internal set; }

    /// <summary>Milliseconds, to be added to the batch's base timestamp. Means nothing in a batch with <see cref="TimestampType.LogAppendTime"/>.</summary>
    public long TimestampDelta { get; internal set; }

    /// <summary>False for a null key, which is not the same as an empty one.</summary>
    public bool HasKey { get; internal set; }

    public ReadOnlySpan<byte> Key { get; internal set; }

    /// <summary>False for a null value: in a compacted topic it deletes the key.</summary>
    public bool HasValue { get; internal set; }

    public ReadOnlySpan<byte> Value { get; internal set; }

    public int HeaderCount { get; internal set; }

    /// <summary>The headers as they stand in the record, for <see cref="RecordHeaderReader"/>.</summary>
    public ReadOnlySpan<byte> HeaderBytes { get; internal set; }

    public readonly RecordHeaderReader Headers => new(HeaderBytes);
}
