namespace OrleansStream.Log.Serving;

/// <summary>The log of one broker as its host sees it, on whatever storage.</summary>
public interface IBrokerLog : IPartitionLog
{
    /// <summary>Whether this log can serve; may be asked at any time, and does not wait.</summary>
    LogHealth Health { get; }
}
