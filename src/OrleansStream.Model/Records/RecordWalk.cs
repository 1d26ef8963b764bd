using System.Runtime.InteropServices;

namespace OrleansStream.Model.Records;

/// <summary>One pass over the records of a batch with the checks that a topic asks for. The hottest loop of the broker: about one varint per nanosecond.</summary>
internal ref struct RecordWalk
{
    private readonly int _count;
    private readonly long _baseTimestamp;
    private readonly long _now;
    private readonly long _maxAge;
    private readonly long _minAge;
    private readonly bool _needsKeys;

    public RecordWalk(in RecordBatchHeader header, in BatchRules rules)
    {
        _count = header.RecordCount;
        _baseTimestamp = header.BaseTimestamp;
        _now = rules.NowMs;
        _needsKeys = rules.IsCompacted;
        var bounded = rules.TimestampType == TimestampType.CreateTime;
        _maxAge = bounded ? rules.TimestampBeforeMaxMs : long.MaxValue;
        _minAge = bounded ? -rules.TimestampAfterMaxMs : long.MinValue;
        MaxTimestamp = RecordBatchLayout.None;
        MaxTimestampDelta = KeylessRecord = MistimedRecord = DamagedRecord = -1;
    }

    /// <summary>The greatest timestamp above -1, and the record that has it first.</summary>
    public long MaxTimestamp { get; private set; }

    public int MaxTimestampDelta { get; private set; }

    /// <summary>The first record without a key where one is needed; -1 if there is none.</summary>
    public int KeylessRecord { get; private set; }

    /// <summary>The first record whose timestamp is out of bounds; -1 if there is none.</summary>
    public int MistimedRecord { get; private set; }

    public long MistimedTimestamp { get; private set; }

    /// <summary>The record at which the walk broke off; the count of records if bytes were left over; -1 if all went well.</summary>
    public int DamagedRecord { get; private set; }

    public bool IsSound => (KeylessRecord & MistimedRecord & DamagedRecord) == -1;

    public void Run(ReadOnlySpan<byte> records)
    {
        ref var start = ref MemoryMarshal.GetReference(records);
        nint end = records.Length, at = 0;
        var (maxTimestamp, maxIndex) = (MaxTimestamp, -1);
        var (baseTimestamp, now, maxAge, minAge) = (_baseTimestamp, _now, _maxAge, _minAge);
        for (var index = 0; index < _count; index++)
        {
            var length = Varint.ReadInt32(ref start, ref at, end);
            var recordEnd = at + length;
            if (length < 1 || recordEnd > end)
            {
                DamagedRecord = index;
                return;
            }

            at++; // The record's own attributes mean nothing.
            var timestamp = baseTimestamp + Varint.ReadInt64(ref start, ref at, recordEnd);
            var offsetDelta = Varint.ReadInt32(ref start, ref at, recordEnd);
            var keyLength = Varint.ReadInt32(ref start, ref at, recordEnd);
            if (keyLength > 0) at += keyLength;
            var valueLength = Varint.ReadInt32(ref start, ref at, recordEnd);
            if (valueLength > 0) at += valueLength;
            var headerCount = Varint.ReadInt32(ref start, ref at, recordEnd);
            if (headerCount != 0) at = RecordReader.SkipHeaders(ref start, at, recordEnd, headerCount);
            if (at != recordEnd || offsetDelta != index)
            {
                DamagedRecord = index;
                return;
            }

            at = recordEnd; // The same number, but known early: the processor can begin the next record before it is done with this one.
            if (timestamp > maxTimestamp) (maxTimestamp, maxIndex) = (timestamp, index);
            var age = now - timestamp;
            if (age > maxAge || age < minAge) NoteTimestamp(index, timestamp);
            if (keyLength < 0 && _needsKeys && KeylessRecord < 0) KeylessRecord = index;
        }

        (MaxTimestamp, MaxTimestampDelta) = (maxTimestamp, maxIndex);
        if (at != end) DamagedRecord = _count;
    }

    private void NoteTimestamp(int index, long timestamp)
    {
        // -1 says that the record has no timestamp; a record without one is never too old.
        if (timestamp == RecordBatchLayout.None || MistimedRecord >= 0) return;
        (MistimedRecord, MistimedTimestamp) = (index, timestamp);
    }
}
