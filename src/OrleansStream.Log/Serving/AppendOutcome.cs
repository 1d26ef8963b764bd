using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Serving;

/// <summary>What became of one append.</summary>
public readonly record struct AppendOutcome
{
    public required ErrorCode Error { get; init; }

    /// <summary>Offset of the batch's first record; -1 on error.</summary>
    public Offset BaseOffset { get; init; }

    /// <summary>When the broker stamped the batch, in milliseconds since 1970; -1 on topics with CreateTime. Of a batch that was sent again, the time of the stored one, whoever set it.</summary>
    public long LogAppendTimeMs { get; init; }

    public Offset LogStart { get; init; }

    /// <summary>What was wrong, for a person; null without an error.</summary>
    public string? Message { get; init; }

    /// <summary>The record at fault, counted from 0 in its batch; -1 if the batch as a whole.</summary>
    public int RecordIndex { get; init; }
}
