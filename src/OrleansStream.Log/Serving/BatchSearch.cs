using OrleansStream.Model.Compression;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;

namespace OrleansStream.Log.Serving;

/// <summary>Looks for records by time inside one stored batch, decompressing where it must.</summary>
internal static class BatchSearch
{
    /// <summary>The first record at or above the offset whose timestamp is at or above this one.</summary>
    /// <param name="batch">A whole batch from the log.</param>
    /// <param name="from">Lowest offset that counts.</param>
    /// <param name="timestampMs">Lowest timestamp that counts.</param>
    /// <exception cref="LogException">The batch cannot be read.</exception>
    public static TimestampMatch? First(ReadOnlySpan<byte> batch, Offset from, long timestampMs) => Search(batch, from, timestampMs, firstOnly: true);

    /// <summary>The record with the largest timestamp, the first of them, among those at or above the offset; null if none has one.</summary>
    public static TimestampMatch? Largest(ReadOnlySpan<byte> batch, Offset from) => Search(batch, from, 0, firstOnly: false);

    private static TimestampMatch? Search(ReadOnlySpan<byte> batch, Offset from, long timestampMs, bool firstOnly)
    {
        if (!RecordBatchHeader.TryRead(batch, out var header)) throw new LogException($"A stored batch has {batch.Length} bytes, fewer than its header.");
        if (header.LastOffset < from.Value) return null;
        if (header.TimestampType == TimestampType.LogAppendTime)
        {
            // All its records have the one timestamp.
            return header.MaxTimestamp >= timestampMs ? Match(header, Math.Max(header.BaseOffset, from.Value), header.MaxTimestamp) : null;
        }

        var records = batch[RecordBatchLayout.Records..];
        if (header.Codec == CompressionCodec.None) return Walk(records, header, from, timestampMs, firstOnly);

        using var plain = RecordDecompressor.Decompress(header.Codec, records, RecordDecompressor.DefaultMaxBytes);
        if (plain.Outcome != DecompressionOutcome.Done) throw new LogException($"The batch at offset {header.BaseOffset} cannot be decompressed: {plain.Outcome}.");
        return Walk(plain.Bytes, header, from, timestampMs, firstOnly);
    }

    private static TimestampMatch? Walk(ReadOnlySpan<byte> records, in RecordBatchHeader header, Offset from, long timestampMs, bool firstOnly)
    {
        TimestampMatch? found = null;
        var reader = new RecordReader(records);
        while (reader.TryRead(out var record))
        {
            var offset = header.BaseOffset + record.OffsetDelta;
            var timestamp = header.BaseTimestamp + record.TimestampDelta;
            if (offset < from.Value || timestamp < timestampMs) continue;
            if (firstOnly) return Match(header, offset, timestamp);
            if (found is null || timestamp > found.Value.TimestampMs) found = Match(header, offset, timestamp);
        }

        return reader.IsAtEnd ? found : throw new LogException($"The batch at offset {header.BaseOffset} has a damaged record at byte {reader.Position} of its records.");
    }

    private static TimestampMatch Match(in RecordBatchHeader header, long offset, long timestamp) =>
        new(Model.Errors.ErrorCode.None, new Offset(offset), timestamp, new LeaderEpoch(header.LeaderEpoch));
}
