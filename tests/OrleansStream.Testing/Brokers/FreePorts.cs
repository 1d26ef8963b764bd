using System.Net;
using System.Net.Sockets;

namespace OrleansStream.Testing.Brokers;

/// <summary>Finds loopback ports that nobody listens on at the moment.</summary>
public static class FreePorts
{
    private const int Attempts = 100;

    /// <summary>The first of <paramref name="count"/> neighbouring free ports. Another process may still take one before it is used.</summary>
    public static int Take(int count = 1)
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var listeners = new List<TcpListener>(count);
            try
            {
                var first = Listen(0, listeners);
                if (first + count > IPEndPoint.MaxPort) continue;
                for (var next = 1; next < count; next++) Listen(first + next, listeners);
                return first;
            }
            catch (SocketException)
            {
                // A neighbour is taken: try another place.
            }
            finally
            {
                listeners.ForEach(listener => listener.Dispose());
            }
        }
        throw new InvalidOperationException($"No {count} neighbouring free ports in {Attempts} attempts.");
    }

    private static int Listen(int port, List<TcpListener> listeners)
    {
        var listener = new TcpListener(IPAddress.Loopback, port);
        listeners.Add(listener);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
