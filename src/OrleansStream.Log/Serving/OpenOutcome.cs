namespace OrleansStream.Log.Serving;

/// <summary>How opening a partition ended.</summary>
/// <param name="Status">What happened.</param>
/// <param name="Handle">With <see cref="OpenStatus.Opened"/>: the handle, which serves already.</param>
public readonly record struct OpenOutcome(OpenStatus Status, PartitionHandle? Handle = null);

/// <summary>What the caller does next.</summary>
public enum OpenStatus
{
    /// <summary>The handle serves.</summary>
    Opened,

    /// <summary>The topic is deleted for good.</summary>
    Deleted,

    /// <summary>The catalog knows no such topic.</summary>
    UnknownTopic,

    /// <summary>The lane ended: open again once there is a new session.</summary>
    LaneEnded,
}
