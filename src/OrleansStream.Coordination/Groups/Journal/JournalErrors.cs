using OrleansStream.Model.Errors;

namespace OrleansStream.Coordination.Groups.Journal;

/// <summary>Turns what befell a journal write into a code that group clients act on: never a raw code of the log.</summary>
internal static class JournalErrors
{
    /// <summary>15 where a retry here may help, 16 where the coordinator is elsewhere.</summary>
    public static ErrorCode ForClients(ErrorCode error) => error switch
    {
        ErrorCode.UnknownTopicOrPartition or ErrorCode.NotEnoughReplicas or ErrorCode.NotEnoughReplicasAfterAppend or ErrorCode.RequestTimedOut => ErrorCode.CoordinatorNotAvailable,
        ErrorCode.NotLeaderOrFollower or ErrorCode.KafkaStorageError or ErrorCode.FencedLeaderEpoch => ErrorCode.NotCoordinator,
        ErrorCode.MessageTooLarge or ErrorCode.RecordListTooLarge or ErrorCode.InvalidFetchSize => ErrorCode.UnknownServerError,
        ErrorCode.NotCoordinator or ErrorCode.CoordinatorNotAvailable or ErrorCode.CoordinatorLoadInProgress => error,
        _ => ErrorCode.CoordinatorNotAvailable,
    };

    /// <summary>As <see cref="ForClients"/>, but a commit that is too large has a code of its own.</summary>
    public static ErrorCode ForCommits(ErrorCode error) =>
        ForClients(error) is ErrorCode.UnknownServerError ? ErrorCode.InvalidCommitOffsetSize : ForClients(error);
}
