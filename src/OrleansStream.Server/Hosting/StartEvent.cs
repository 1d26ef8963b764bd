using System.Net;

namespace OrleansStream.Server.Hosting;

/// <summary>The start-up line for whatever reads events: its parts have names.</summary>
internal sealed partial class StartEvent(ILogger logger)
{
    [LoggerMessage(LogLevel.Information, "OrleansStream broker {Broker} serves Kafka clients on {Addresses}; data in {DataDirectory}; health and metrics on http://{Http}. It belongs to cluster {ClusterId}.")]
    public partial void Write(int broker, string addresses, string dataDirectory, IPEndPoint http, string clusterId);
}
