using OrleansStream.Model.Compression;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;

namespace OrleansStream.Log.Serving;

/// <summary>
/// Looks for records by time inside one stored batch, decompressing where it must. What is compressed is the client's business and may be garbage, or
/// larger than anybody here will unpack: such a batch is judged by its header, as one record at its first offset with its largest time. A consumer that is
/// sent there misses nothing.
/// </summary>
internal static class BatchSearch
{
    /// <summary>The first record at or above the offset whose timestamp is at or above this one.</summary>
    /// <param name="batch">A whole batch from the log.</param>
    /// <param name="from">Lowest offset that counts.</param>
    /// <param name="timestampMs">Lowest timestamp that counts.</param>
    /// <param name="unreadable">Set if the header alone was judged, and why; otherwise left alone.</param>
    /// <exception cref="LogException">The batch has no whole header.</exception>
    public static TimestampMatch? First(ReadOnlySpan<byte> batch, Offset from, long timestampMs, ref string? unreadable) => Search(batch, from, (timestampMs, FirstOnly: true), ref unreadable);

    /// <summary>The record with the largest timestamp, the first of them, among those at or above the offset; null if none has one.</summary>
    public static TimestampMatch? Largest(ReadOnlySpan<byte> batch, Offset from, ref string? unreadable) => Search(batch, from, (0, FirstOnly: false), ref unreadable);

    private static TimestampMatch? Search(ReadOnlySpan<byte> batch, Offset from, (long TimestampMs, bool FirstOnly) wish, ref string? unreadable)
    {
        if (!RecordBatchHeader.TryRead(batch, out var header)) throw new LogException($"A stored batch has {batch.Length} bytes, fewer than its header.");
        if (header.LastOffset < from.Value) return null;
        if (header.TimestampType == TimestampType.LogAppendTime)
        {
            // All its records have the one timestamp.
            return ByHeader(header, from, wish.TimestampMs);
        }

        var records = batch[RecordBatchLayout.Records..];
        if (header.Codec == CompressionCodec.None)
        {
            return TryWalk(records, header, from, wish, out var found) ? found : Unread("a record is damaged", header, from, wish.TimestampMs, ref unreadable);
        }

        using var plain = RecordDecompressor.Decompress(header.Codec, records, RecordDecompressor.DefaultMaxBytes);
        if (plain.Outcome != DecompressionOutcome.Done) return Unread(plain.Outcome.ToString(), header, from, wish.TimestampMs, ref unreadable);
        return TryWalk(plain.Bytes, header, from, wish, out var match) ? match : Unread("a decompressed record is damaged", header, from, wish.TimestampMs, ref unreadable);
    }

    private static bool TryWalk(ReadOnlySpan<byte> records, in RecordBatchHeader header, Offset from, (long TimestampMs, bool FirstOnly) wish, out TimestampMatch? found)
    {
        found = null;
        var reader = new RecordReader(records);
        while (reader.TryRead(out var record))
        {
            var offset = header.BaseOffset + record.OffsetDelta;
            var timestamp = header.BaseTimestamp + record.TimestampDelta;
            if (offset < from.Value || timestamp < wish.TimestampMs) continue;
            if (found is null || timestamp > found.Value.TimestampMs) found = Match(header, offset, timestamp);
            if (wish.FirstOnly) return true;
        }

        return reader.IsAtEnd;
    }

    private static TimestampMatch? Unread(string why, in RecordBatchHeader header, Offset from, long timestampMs, ref string? unreadable)
    {
        unreadable = $"The batch at offset {header.BaseOffset} cannot be looked into ({why}): its header stands for it.";
        return ByHeader(header, from, timestampMs);
    }

    private static TimestampMatch? ByHeader(in RecordBatchHeader header, Offset from, long timestampMs) =>
        header.MaxTimestamp >= timestampMs ? Match(header, Math.Max(header.BaseOffset, from.Value), header.MaxTimestamp) : null;

    private static TimestampMatch Match(in RecordBatchHeader header, long offset, long timestamp) =>
        new(Model.Errors.ErrorCode.None, new Offset(offset), timestamp, new LeaderEpoch(header.LeaderEpoch));
}
