using System.Net;
using OrleansStream.Server.Configuration;

namespace OrleansStream.Server.Hosting;

/// <summary>Settings with the ports that are bound for them, before data is touched.</summary>
/// <param name="Settings">As they were asked for.</param>
/// <param name="Listeners">With the addresses that were bound.</param>
/// <param name="Http">Of health checks and metrics.</param>
/// <param name="Sockets">Of all of them.</param>
internal sealed record BoundSettings(BrokerSettings Settings, IReadOnlyList<Listener> Listeners, IReadOnlyList<IPEndPoint> Http, BoundSockets Sockets);
