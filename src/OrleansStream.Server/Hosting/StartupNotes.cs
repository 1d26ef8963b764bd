namespace OrleansStream.Server.Hosting;

/// <summary>Keeps what the log has to tell until there is a logger to tell it to: the log is there first.</summary>
internal sealed partial class StartupNotes
{
    private readonly Lock _gate = new();
    private readonly List<(string Text, Exception? Error)> _early = [];
    private ILogger? _logger;

    public void Write(string text, Exception? error)
    {
        lock (_gate)
        {
            if (_logger is null)
            {
                _early.Add((text, error));
                return;
            }
        }

        Log(_logger, text, error);
    }

    public void Attach(ILogger logger)
    {
        lock (_gate)
        {
            _logger = logger;
        }

        foreach (var (text, error) in _early)
        {
            Log(logger, text, error);
        }
    }

    [LoggerMessage(LogLevel.Warning, "{Text}")]
    private static partial void Log(ILogger logger, string text, Exception? error);
}
