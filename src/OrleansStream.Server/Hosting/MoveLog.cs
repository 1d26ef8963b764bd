using OrleansStream.Log.Ownership;
using OrleansStream.Model.Ids;

namespace OrleansStream.Server.Hosting;

/// <summary>Writes down the steps of each move of a partition, where somebody has asked for it by the level Debug of <see cref="Category"/>.</summary>
internal static partial class MoveLog
{
    private const string Category = "OrleansStream.Moves";

    /// <returns>Null if nobody has asked: then no time is taken either.</returns>
    public static Action<MoveTimeline>? To(ILoggerFactory loggers, Func<PartitionId, string?> nameOf)
    {
        var logger = loggers.CreateLogger(Category);
        return logger.IsEnabled(LogLevel.Debug) ? line => LogMoved(logger, nameOf(line.Partition) ?? line.Partition.ToString(), line) : null;
    }

    [LoggerMessage(LogLevel.Debug, "{Partition}, ms: {Line}")]
    private static partial void LogMoved(ILogger logger, string partition, MoveTimeline line);
}
