namespace OrleansStream.Kafka.Gateway.Fetching;

/// <summary>Which codes a partition of a Fetch answer may carry. Java's consumer dies of any other one.</summary>
internal static class FetchErrors
{
    // From here on clients know what a broken disk is; before, they look for another leader.
    private const short FirstWithStorageError = 6;

    public static ErrorCode ToTell(ErrorCode error, short version) => error switch
    {
        ErrorCode.KafkaStorageError when version < FirstWithStorageError => ErrorCode.NotLeaderOrFollower,
        ErrorCode.None or ErrorCode.OffsetOutOfRange or ErrorCode.CorruptMessage or ErrorCode.UnknownTopicOrPartition or ErrorCode.NotLeaderOrFollower or
        ErrorCode.ReplicaNotAvailable or ErrorCode.TopicAuthorizationFailed or ErrorCode.KafkaStorageError or ErrorCode.FencedLeaderEpoch or
        ErrorCode.UnknownLeaderEpoch or ErrorCode.OffsetNotAvailable or ErrorCode.UnknownTopicId or ErrorCode.InconsistentTopicId => error,

        // "Not here, not now": the client looks for the leader and asks again.
        ErrorCode.LeaderNotAvailable or ErrorCode.RequestTimedOut or ErrorCode.CoordinatorNotAvailable => ErrorCode.NotLeaderOrFollower,
        _ => ErrorCode.UnknownServerError,
    };
}
