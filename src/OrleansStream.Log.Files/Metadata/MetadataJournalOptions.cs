namespace OrleansStream.Log.Files.Metadata;

/// <summary>What a <see cref="MetadataJournal"/> runs on.</summary>
public sealed record MetadataJournalOptions
{
    /// <summary>Where groups are committed; calls block there.</summary>
    public required TaskScheduler Scheduler { get; init; }

    /// <summary>Gives the 50 ms after which a quiet journal publishes its durable end.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Bytes of log at which a new file may be begun, once they are twice the snapshot. 8 MiB unless set; tests take less.</summary>
    public long? MinRotationBytes { get; init; }
}
