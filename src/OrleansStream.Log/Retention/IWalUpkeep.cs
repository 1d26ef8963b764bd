namespace OrleansStream.Log.Retention;

/// <summary>Moves out of the WAL what shall not stay in it.</summary>
public interface IWalUpkeep
{
    /// <summary>How long to wait between two looks.</summary>
    TimeSpan Interval { get; }

    /// <summary>Does what is due now. One call at a time.</summary>
    /// <exception cref="LogException">Storage failed; the next call goes on.</exception>
    ValueTask TendAsync(CancellationToken cancellationToken);
}
