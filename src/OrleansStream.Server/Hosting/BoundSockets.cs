using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace OrleansStream.Server.Hosting;

/// <summary>
/// The sockets of all listeners, bound before anything else is done: a port that somebody has is found before data is touched, and port 0 is known by its
/// real number before it is advertised. Kestrel begins to listen on them when the broker is ready, so until then clients are refused.
/// </summary>
internal sealed class BoundSockets : IDisposable
{
    // How often a free port is tried that must be free on several addresses.
    private const int Attempts = 20;

    private readonly Dictionary<EndPoint, Socket> _sockets = [];
    private readonly List<(IPEndPoint Address, string Use, string Option)> _taken = [];

    /// <summary>Binds addresses that share a port.</summary>
    /// <param name="endpoints">At least one, all with the same port; 0 takes one that is free on all of them.</param>
    /// <param name="use">What they are for, as a sentence about them begins.</param>
    /// <param name="option">What moves them, for the same sentence: it may not have been set.</param>
    /// <returns>The addresses that were bound, with their real port. An IPv6 loopback address is left out where there is none.</returns>
    /// <exception cref="StartupException">An address cannot be bound.</exception>
    public IReadOnlyList<IPEndPoint> Bind(IReadOnlyList<IPEndPoint> endpoints, string use, string option)
    {
        // The kernel lets a process bind a port twice, and refuses only when it begins to listen.
        RefuseOwn(endpoints, use, option);
        for (var attempt = 1; ; attempt++)
        {
            var bound = new List<Socket>();
            try
            {
                BindAll(endpoints, bound);
            }
            catch (SocketException exception)
            {
                // All are bound in their order, so this is the one that could not be.
                var refused = endpoints[Math.Min(bound.Count, endpoints.Count - 1)];
                bound.ForEach(socket => socket.Dispose());
                if (exception.SocketErrorCode == SocketError.AddressAlreadyInUse && endpoints[0].Port == 0 && attempt < Attempts) continue;
                throw new StartupException($"{Explain(exception, refused, use)} {option} moves it.", exception);
            }

            bound.ForEach(socket => _sockets.Add(socket.LocalEndPoint!, socket));
            var addresses = bound.ConvertAll(socket => (IPEndPoint)socket.LocalEndPoint!);
            _taken.AddRange(addresses.Select(address => (address, use, option)));
            return addresses;
        }
    }

    /// <summary>The socket of an address that was bound; it is the caller's from here on.</summary>
    public Socket Take(EndPoint endpoint) => _sockets.Remove(endpoint, out var socket) ? socket : SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);

    public void Dispose()
    {
        foreach (var socket in _sockets.Values)
        {
            socket.Dispose();
        }

        _sockets.Clear();
    }

    private void RefuseOwn(IReadOnlyList<IPEndPoint> endpoints, string use, string option)
    {
        foreach (var endpoint in endpoints)
        {
            if (_taken.Find(taken => AreOne(taken.Address, endpoint)) is { Use: { } other } taken)
            {
                var options = taken.Option == option ? option : $"{option} or {taken.Option}";
                throw new StartupException($"{use} cannot use {endpoint}: {char.ToLowerInvariant(other[0])}{other[1..]} has {taken.Address} already. {options} moves one of them.");
            }
        }
    }

    // Every IPv4 address is part of 0.0.0.0, and every address of [::], which is bound for both kinds.
    private static bool AreOne(IPEndPoint left, IPEndPoint right) => left.Port == right.Port && left.Port != 0
        && (left.Address.Equals(right.Address) || Covers(left.Address, right.Address) || Covers(right.Address, left.Address));

    private static bool Covers(IPAddress any, IPAddress address) =>
        any.Equals(IPAddress.IPv6Any) || (any.Equals(IPAddress.Any) && (address.AddressFamily == AddressFamily.InterNetwork || address.IsIPv4MappedToIPv6));

    private static void BindAll(IReadOnlyList<IPEndPoint> endpoints, List<Socket> bound)
    {
        foreach (var endpoint in endpoints)
        {
            var port = bound.Count == 0 ? endpoint.Port : ((IPEndPoint)bound[0].LocalEndPoint!).Port;
            try
            {
                bound.Add(SocketTransportOptions.CreateDefaultBoundListenSocket(new IPEndPoint(endpoint.Address, port)));
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AddressNotAvailable && endpoint.Address.Equals(IPAddress.IPv6Loopback) && bound.Count > 0)
            {
                // "localhost" on a machine whose IPv6 is switched off.
            }
        }
    }

    private static string Explain(SocketException exception, IPEndPoint refused, string use) => exception.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => $"{use} cannot use {refused}: another process listens there.",
        SocketError.AccessDenied => $"{use} cannot use {refused}: this user may not listen on that port; those below 1024 need the right to.",
        SocketError.AddressNotAvailable => $"{use} cannot use {refused}: this machine does not have that address.",
        _ => $"{use} cannot use {refused}: {exception.Message}.",
    };
}
