using OrleansStream.Model.Errors;

namespace OrleansStream.Model.Records;

/// <summary>What <see cref="BatchValidator"/> found. With an <see cref="Error"/> only it, <see cref="Message"/> and <see cref="RecordIndex"/> mean anything.</summary>
public readonly struct BatchVerdict
{
    /// <summary><see cref="ErrorCode.None"/> if the batch may be stored. Otherwise the partition is answered with this code and the connection lives on.</summary>
    public ErrorCode Error { get; init; }

    /// <summary>Why it was refused, for the answer; null if it was not.</summary>
    public string? Message { get; init; }

    /// <summary>The first record that was refused, from 0; -1 if the batch as a whole was.</summary>
    public int RecordIndex { get; init; }

    /// <summary>The batch's header as the client sent it.</summary>
    public RecordBatchHeader Header { get; init; }

    /// <summary>Bytes of the batch. What the client sent behind them is ignored.</summary>
    public int BatchBytes { get; init; }

    /// <summary>The CRC of the bytes as sent, which was computed and found right. <see cref="Apply"/> makes a new one.</summary>
    public uint Crc { get; init; }

    /// <summary>The max timestamp that the stored batch has, in milliseconds since 1970; -1 if no record has one. Where the records were not walked, the client's word.</summary>
    public long MaxTimestamp { get; init; }

    /// <summary>Which record has the max timestamp, as an offset delta; the last one with LogAppendTime. -1 if the records were not walked, or none has a timestamp.</summary>
    public int MaxTimestampDelta { get; init; }

    public HeaderChange Change { get; init; }

    public bool IsAccepted => Error == ErrorCode.None;

    /// <summary>Makes the change in the header, if one is needed.</summary>
    /// <param name="batch">The broker's copy of the validated bytes, from the first byte of the batch.</param>
    /// <returns>The CRC that now stands in the batch.</returns>
    public uint Apply(Span<byte> batch) => Change == HeaderChange.None
        ? Crc
        : RecordBatchPatch.SetTimestamp(batch, Change == HeaderChange.AppendTime ? TimestampType.LogAppendTime : TimestampType.CreateTime, MaxTimestamp);

    internal static BatchVerdict Refused(ErrorCode error, string message, int recordIndex = -1) => new() { Error = error, Message = message, RecordIndex = recordIndex };
}
