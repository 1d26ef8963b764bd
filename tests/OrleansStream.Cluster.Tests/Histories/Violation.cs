namespace OrleansStream.Cluster.Tests.Histories;

/// <summary>A promise that can be broken.</summary>
internal enum ViolationKind
{
    /// <summary>A record was acknowledged, and its partition does not hold it.</summary>
    LostWrite,

    /// <summary>Two records were seen at one offset: by an acknowledgement, a reader, or in the log at the end.</summary>
    TwoRecordsAtOneOffset,

    /// <summary>A record is there more than once though it was sent once, or by an idempotent producer.</summary>
    Duplicate,

    /// <summary>A producer was told that a record was not stored, and it is there.</summary>
    RefusedAndStored,

    /// <summary>Records of an idempotent producer stand in another order than it has sent them, or one stands behind another that was offered when it had been acknowledged.</summary>
    Reordered,

    /// <summary>A record of an idempotent producer is missing before one that is there.</summary>
    MissingSequence,

    /// <summary>An idempotent producer gave up on a record, whatever it was told.</summary>
    GivenUp,

    /// <summary>The log holds a record that nobody of the run has written.</summary>
    ForeignRecord,

    /// <summary>Offsets of the log at the end do not follow each other from 0.</summary>
    HoleInLog,

    /// <summary>A reader was handed a record that the log does not hold at the end.</summary>
    ShownAndGone,

    /// <summary>A reader was handed an offset again, or one before.</summary>
    PollWentBack,

    /// <summary>A reader was not handed an offset, or a group began above all that it had committed.</summary>
    SkippedPoll,

    /// <summary>Records were never handed to anybody of those who were to read all.</summary>
    NeverRead,

    /// <summary>A committed offset is lower than one whose commit was acknowledged before.</summary>
    CommittedOffsetWentBack,

    /// <summary>A group has committed what none of its members has.</summary>
    CommittedOffsetFromNowhere,

    /// <summary>Two brokers have acknowledged records of a partition in one leader epoch.</summary>
    TwoOwnersInOneEpoch,

    /// <summary>A record has a lower leader epoch than one before it, or not always the same.</summary>
    EpochWentBack,

    /// <summary>A client reported what no healthy cluster gives reason for.</summary>
    ClientFailed,

    /// <summary>Something did not come back within its time.</summary>
    NotAvailable,
}

/// <summary>One broken promise.</summary>
internal sealed record Violation(ViolationKind Kind, string What)
{
    public override string ToString() => $"{Kind}: {What}";
}
