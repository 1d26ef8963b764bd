namespace OrleansStream.Model.Errors;

/// <summary>What clients make of a code. The broker itself never retries by it; it chooses codes so that clients do the right thing.</summary>
public static class ErrorCodes
{
    /// <summary>Whether Java's client sends the same request again after this code. All other codes fail the call, or have a meaning of their own in groups, idempotence and transactions.</summary>
    public static bool IsRetriable(this ErrorCode code) => code.RefreshesMetadata() || code is
        ErrorCode.CorruptMessage or
        ErrorCode.RequestTimedOut or
        ErrorCode.CoordinatorLoadInProgress or
        ErrorCode.NotEnoughReplicas or
        ErrorCode.NotEnoughReplicasAfterAppend or
        ErrorCode.NotController or
        ErrorCode.ConcurrentTransactions or
        ErrorCode.FetchSessionIdNotFound or
        ErrorCode.InvalidFetchSessionEpoch or
        ErrorCode.UnknownLeaderEpoch or
        ErrorCode.OffsetNotAvailable or
        ErrorCode.UnstableOffsetCommit or
        ErrorCode.ThrottlingQuotaExceeded or
        ErrorCode.FetchSessionTopicIdError or
        ErrorCode.ShareSessionNotFound or
        ErrorCode.InvalidShareSessionEpoch or
        ErrorCode.ShareSessionLimitReached;

    /// <summary>Whether the client asks for leaders or coordinators anew before it retries: each such answer costs the cluster a Metadata or FindCoordinator request.</summary>
    public static bool RefreshesMetadata(this ErrorCode code) => code is
        ErrorCode.UnknownTopicOrPartition or
        ErrorCode.LeaderNotAvailable or
        ErrorCode.NotLeaderOrFollower or
        ErrorCode.ReplicaNotAvailable or
        ErrorCode.NetworkException or
        ErrorCode.CoordinatorNotAvailable or
        ErrorCode.NotCoordinator or
        ErrorCode.KafkaStorageError or
        ErrorCode.ListenerNotFound or
        ErrorCode.FencedLeaderEpoch or
        ErrorCode.PreferredLeaderNotAvailable or
        ErrorCode.EligibleLeadersNotAvailable or
        ErrorCode.ElectionNotNeeded or
        ErrorCode.UnknownTopicId or
        ErrorCode.InconsistentTopicId;
}
