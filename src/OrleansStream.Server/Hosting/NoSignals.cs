namespace OrleansStream.Server.Hosting;

/// <summary>Lets the host alone with signals, which <see cref="CommandLine.StopSignals"/> has for the whole process: the host's own way breaks a start off in the middle, and tells of it as a failure.</summary>
internal sealed class NoSignals : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
