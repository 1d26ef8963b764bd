namespace OrleansStream.Server.Hosting;

/// <summary>Whether the process was told to stop.</summary>
/// <param name="Token">Cancelled then, at whatever moment of the broker's life.</param>
internal sealed record StopOrder(CancellationToken Token);
