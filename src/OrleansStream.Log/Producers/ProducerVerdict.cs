using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Producers;

/// <summary>What <see cref="ProducerStates.Check"/> decided.</summary>
internal readonly struct ProducerVerdict
{
    public ProducerDecision Decision { get; private init; }

    /// <summary>Other than none only with <see cref="ProducerDecision.Refuse"/>.</summary>
    public ErrorCode Error { get; private init; }

    /// <summary>Why it was refused; null if it was not.</summary>
    public string? Message { get; private init; }

    /// <summary>The original of a duplicate. It may still be on its way to the disk: answer only when the high watermark is above its last offset.</summary>
    public AppendedBatch Original { get; private init; }

    public static ProducerVerdict Accept => default;

    /// <summary>The end offset that must be durable before a duplicate is answered.</summary>
    public Offset DurableEnd => new(Original.LastOffset + 1);

    public static ProducerVerdict DuplicateOf(in AppendedBatch original) => new() { Decision = ProducerDecision.Duplicate, Original = original };

    public static ProducerVerdict Refuse(ErrorCode error, string message) => new() { Decision = ProducerDecision.Refuse, Error = error, Message = message };
}
