using OrleansStream.Log.Blocks;
using OrleansStream.Log.Economy;
using OrleansStream.Model.Records;

namespace OrleansStream.Log.Serving;

/// <summary>A topic's configs as far as a partition's log needs them. Times in milliseconds, sizes in bytes; names follow Kafka's configs.</summary>
public sealed record PartitionSettings
{
    /// <summary>max.message.bytes: the largest batch with its header.</summary>
    public int MaxMessageBytes { get; init; } = 1048588;

    /// <summary>message.timestamp.type=LogAppendTime.</summary>
    public bool LogAppendTime { get; init; }

    /// <summary>message.timestamp.before.max.ms</summary>
    public long TimestampBeforeMaxMs { get; init; } = long.MaxValue;

    /// <summary>message.timestamp.after.max.ms</summary>
    public long TimestampAfterMaxMs { get; init; } = 3_600_000;

    /// <summary>cleanup.policy names compact: records need keys.</summary>
    public bool Compacted { get; init; }

    /// <summary>cleanup.policy names delete: retention drops old segments.</summary>
    public bool Deletes { get; init; } = true;

    /// <summary>retention.ms; -1 keeps for ever.</summary>
    public long RetentionMs { get; init; } = 604_800_000;

    /// <summary>retention.bytes; -1 is no bound.</summary>
    public long RetentionBytes { get; init; } = -1;

    /// <summary>segment.bytes: how much of the log retention drops at a time at the most, and the largest batch.</summary>
    public int SegmentBytes { get; init; } = 1_073_741_824;

    /// <summary>segment.ms: how long the newest part of the log is exempt from retention at the most.</summary>
    public long SegmentMs { get; init; } = 604_800_000;

    /// <summary>file.delete.delay.ms: how long dropped segments are kept for readers under way.</summary>
    public long FileDeleteDelayMs { get; init; } = 60_000;

    /// <summary>producer.id.expiration.ms of the broker.</summary>
    public long ProducerExpirationMs { get; init; } = 86_400_000;

    /// <summary>orleansstream.latency.class: how long records may wait for company where each write costs money.</summary>
    public LatencyClass LatencyClass { get; init; } = LatencyClass.Balanced;

    /// <summary>Whether it is one of the broker's own journals: nobody produces to it, so an open has no producers to look for.</summary>
    public bool IsJournal { get; init; }

    /// <summary>What a batch is validated by. A frame must fit a block whatever the topic allows.</summary>
    internal BatchRules RulesFor(in AppendContext context, RecordValidation validation, long nowMs) => new()
    {
        MaxBatchBytes = Math.Min(MaxMessageBytes, BlockLayout.MaxFrameBytes),
        MaxSegmentBytes = SegmentBytes,
        IsCompacted = Compacted,
        TimestampType = LogAppendTime ? TimestampType.LogAppendTime : TimestampType.CreateTime,
        TimestampBeforeMaxMs = TimestampBeforeMaxMs,
        TimestampAfterMaxMs = TimestampAfterMaxMs,
        NowMs = nowMs,
        Records = validation,
        AcceptsZstd = context.ZstdAllowed,
    };
}
