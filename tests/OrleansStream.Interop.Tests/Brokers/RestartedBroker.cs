namespace OrleansStream.Interop.Tests.Brokers;

/// <summary>A broker of its own for tests that restart it: all others would lose theirs.</summary>
public sealed class RestartedBroker : BrokerUnderTest
{
    /// <summary>Stops the broker as an operator does and starts it again on its data.</summary>
    public async Task RestartAsync(CancellationToken cancellationToken)
    {
        await Process.StopAsync(cancellationToken);
        await Process.StartAsync(cancellationToken);
    }
}
