using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Serving;

/// <summary>How opening a partition ended.</summary>
/// <param name="Status">What happened.</param>
/// <param name="Handle">With <see cref="OpenStatus.Opened"/>: the handle, which serves already.</param>
/// <param name="Owner">With <see cref="OpenStatus.OwnedElsewhere"/>: who owns it.</param>
public readonly record struct OpenOutcome(OpenStatus Status, PartitionHandle? Handle = null, BrokerId? Owner = null);

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

    /// <summary>Another broker owns it, which was not asked or gave no answer for long: look there, or open again.</summary>
    OwnedElsewhere,

    /// <summary>This broker stops, and claims nothing more.</summary>
    Stopping,
}
