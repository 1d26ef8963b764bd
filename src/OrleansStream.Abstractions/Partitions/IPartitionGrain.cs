using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Abstractions.Partitions;

/// <summary>Opens one partition on the broker that should own it, and closes it. Key: <see cref="PartitionId"/> as text. Appends and fetches go to the handle that it publishes.</summary>
[Alias("os.IPartitionGrain")]
public interface IPartitionGrain : IGrainWithStringKey
{
    /// <summary>Opens the partition unless it is open. Answers after <see cref="Model.Limits.GrainCall"/> at the latest; the opening goes on by itself.</summary>
    [Alias("EnsureOpen")]
    Task<OpenResult> EnsureOpenAsync(CancellationToken cancellationToken);

    /// <summary>Moves log start up to the offset; -1 stands for the high watermark. Answers the new log start.</summary>
    [Alias("DeleteRecords")]
    Task<DeleteRecordsResult> DeleteRecordsAsync(Offset before, CancellationToken cancellationToken);

    /// <summary>Withdraws the handle and writes the tombstone: the topic is deleted.</summary>
    [Alias("Delete")]
    Task DeleteAsync(CancellationToken cancellationToken);
}

/// <summary>How an opening went.</summary>
/// <param name="Error">NONE when open; LEADER_NOT_AVAILABLE while it is being opened; NOT_LEADER_OR_FOLLOWER when another broker owns it; UNKNOWN_TOPIC_OR_PARTITION; KAFKA_STORAGE_ERROR.</param>
/// <param name="Epoch">The leader epoch when open.</param>
/// <param name="Owner">The broker that owns it, where that is another one.</param>
[GenerateSerializer, Immutable, Alias("os.OpenResult")]
public sealed record OpenResult(ErrorCode Error, LeaderEpoch Epoch, BrokerId? Owner);

/// <summary>How a DeleteRecords ended.</summary>
[GenerateSerializer, Immutable, Alias("os.DeleteRecordsResult")]
public sealed record DeleteRecordsResult(ErrorCode Error, Offset LogStart);
