using System.Runtime.InteropServices;

namespace OrleansStream.Server.CommandLine;

/// <summary>SIGTERM and Ctrl-C as a token, from the first moment on: a broker that still recovers can be stopped too.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly PosixSignalRegistration[] _signals;

    public StopSignals() => _signals = [PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal), PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal)];

    public CancellationToken Token => _stop.Token;

    public void Dispose()
    {
        foreach (var signal in _signals)
        {
            signal.Dispose();
        }

        _stop.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        // The process ends when the broker has; without this the runtime would end it now.
        context.Cancel = true;
        _stop.Cancel();
    }
}
