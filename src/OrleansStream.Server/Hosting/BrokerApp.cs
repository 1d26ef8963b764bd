using Microsoft.AspNetCore.Builder;

namespace OrleansStream.Server.Hosting;

/// <summary>The host of a broker, which is disposed of with it, unless it is left to the end of the process.</summary>
internal sealed class BrokerApp(WebApplication app) : IAsyncDisposable
{
    private bool _isLeft;

    public WebApplication Host => app;

    /// <summary>
    /// To be called when the host has not started or stopped in time, and still does. What it consists of must not be disposed of under it: a silo whose membership is disposed
    /// of before its directory has stopped asks for the next change of members in a loop that never waits, on every thread of the pool. Nobody's timer runs any
    /// more then, that of the end of the process included.
    /// </summary>
    public void Leave() => _isLeft = true;

    // What was said is printed in any case.
    public ValueTask DisposeAsync()
    {
        if (!_isLeft) return app.DisposeAsync();
        app.Services.GetRequiredService<ILoggerFactory>().Dispose();
        return ValueTask.CompletedTask;
    }
}
