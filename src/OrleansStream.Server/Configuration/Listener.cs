using System.Net;

namespace OrleansStream.Server.Configuration;

/// <summary>Where Kafka clients connect, and what they are told to connect to.</summary>
/// <param name="Name">The listener's name, such as PLAINTEXT.</param>
/// <param name="Bind">Addresses that are bound; port 0 takes a free one.</param>
/// <param name="AdvertisedHost">What Metadata names.</param>
/// <param name="AdvertisedPort">What Metadata names; 0 stands for the port that was bound.</param>
public sealed record Listener(string Name, IReadOnlyList<IPEndPoint> Bind, string AdvertisedHost, int AdvertisedPort)
{
    /// <summary>Whether nobody but this machine can reach it.</summary>
    public bool IsLoopback => Bind.All(endpoint => IPAddress.IsLoopback(endpoint.Address));

    /// <summary>What clients are told, as Kafka writes it.</summary>
    public string Advertised => $"{Name}://{AdvertisedHost}:{AdvertisedPort}";

    /// <summary>The same listener when its addresses are bound.</summary>
    public Listener BoundTo(IReadOnlyList<IPEndPoint> bound) => this with { Bind = bound, AdvertisedPort = AdvertisedPort != 0 ? AdvertisedPort : bound[0].Port };
}
