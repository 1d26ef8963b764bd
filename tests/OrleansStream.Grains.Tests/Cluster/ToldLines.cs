using Microsoft.Extensions.Logging;

namespace OrleansStream.Grains.Tests.Cluster;

/// <summary>What one broker's own code tells people, from the level Information on.</summary>
internal sealed class ToldLines : ILoggerProvider
{
    private readonly List<string> _lines = [];

    /// <summary>Without a category; the level stands in front where it is higher.</summary>
    public IReadOnlyList<string> All
    {
        get
        {
            lock (_lines) return [.. _lines];
        }
    }

    public ILogger CreateLogger(string categoryName) => new Category(this, categoryName.StartsWith("OrleansStream.", StringComparison.Ordinal));

    public void Dispose()
    {
    }

    private sealed class Category(ToldLines told, bool isOurs) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => isOurs && logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel)) return;
            lock (told._lines) told._lines.Add($"{(logLevel == LogLevel.Information ? "" : $"{logLevel}: ")}{formatter(state, exception)}{(exception is null ? "" : $" {exception}")}");
        }
    }
}
