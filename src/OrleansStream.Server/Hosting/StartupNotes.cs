namespace OrleansStream.Server.Hosting;

/// <summary>Keeps what the log has to tell until there is a logger to tell it to: the log is there first.</summary>
internal sealed partial class StartupNotes
{
    private readonly Lock _gate = new();
    private readonly List<(LogLevel Level, string Text, Exception? Error)> _early = [];
    private ILogger? _logger;

    public void Write(string text, Exception? error) => Write(LogLevel.Warning, text, error);

    /// <summary>For what refuses clients.</summary>
    public void WriteError(string text) => Write(LogLevel.Error, text, null);

    public void Attach(ILogger logger)
    {
        lock (_gate)
        {
            _logger = logger;
        }

        foreach (var (level, text, error) in _early)
        {
            Log(logger, level, text, error);
        }
    }

    private void Write(LogLevel level, string text, Exception? error)
    {
        lock (_gate)
        {
            if (_logger is null)
            {
                _early.Add((level, text, error));
                return;
            }
        }

        Log(_logger, level, text, error);
    }

    [LoggerMessage(Message = "{Text}")]
    private static partial void Log(ILogger logger, LogLevel level, string text, Exception? error);
}
