namespace OrleansStream.Server.Hosting;

/// <summary>Tells of deadlines that threw where they must not: a mistake of ours, which costs one waiting request or group and not the broker.</summary>
internal static partial class DeadlineLog
{
    public static Action<Exception> For(ILogger logger) => error => Failed(logger, error);

    [LoggerMessage(LogLevel.Error, "A deadline failed; the others come all the same.")]
    private static partial void Failed(ILogger logger, Exception error);
}
