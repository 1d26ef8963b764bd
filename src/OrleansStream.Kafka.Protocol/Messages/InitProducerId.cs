using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Declarations;
using OrleansStream.Model.Errors;

namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>Asks for a producer id, under which batches are numbered so that repeats are recognised.</summary>
[Request(ApiKey.InitProducerId, MinVersion = 0, MaxVersion = 5, FlexibleFrom = 2)]
public sealed partial class InitProducerIdRequest
{
    /// <summary>The transactional id; null for a producer that is only idempotent.</summary>
    public string? TransactionalId { get; set; }

    /// <summary>After how many milliseconds an open transaction is aborted.</summary>
    public int TransactionTimeoutMs { get; set; }

    /// <summary>The producer's id; -1 for none.</summary>
    [Since(3)]
    public long ProducerId { get; set; } = -1;

    /// <summary>The producer's epoch; -1 for none.</summary>
    [Since(3)]
    public short ProducerEpoch { get; set; } = -1;
}

/// <summary>A producer id with its epoch.</summary>
[Response(typeof(InitProducerIdRequest))]
public sealed partial class InitProducerIdResponse
{
    /// <summary>How long the client was or shall be held back for its quota, in milliseconds.</summary>
    public int ThrottleTimeMs { get; set; }

    /// <summary>What went wrong, or <see cref="ErrorCode.None"/>.</summary>
    public ErrorCode ErrorCode { get; set; }

    /// <summary>The producer's id; -1 for none.</summary>
    public long ProducerId { get; set; } = -1;

    /// <summary>The producer's epoch; -1 for none.</summary>
    public short ProducerEpoch { get; set; }
}
