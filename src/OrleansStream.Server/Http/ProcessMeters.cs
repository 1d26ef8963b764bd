using System.Diagnostics.Metrics;

namespace OrleansStream.Server.Http;

/// <summary>Makes meters for what is there before the host, which has a factory of its own. Whoever is given a meter disposes it.</summary>
internal sealed class ProcessMeters : IMeterFactory
{
    public Meter Create(MeterOptions options) => new(options);

    public void Dispose()
    {
    }
}
