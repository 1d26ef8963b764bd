using System.Net;
using System.Net.Sockets;

namespace OrleansStream.Testing.Brokers;

/// <summary>
/// Finds loopback ports that nobody listens on at the moment, below those that the system gives to outgoing connections: while a broker that was killed
/// is away, a client that knocks at its port again and again could otherwise be given that very port to knock from.
/// </summary>
public static class FreePorts
{
    private const int First = 12_000;
    private const int End = 32_000;
    private const int Attempts = 1_000;

    // Processes that run at the same time begin far from each other.
    private static int LastTaken = Environment.ProcessId * 37;

    /// <summary>The first of <paramref name="count"/> neighbouring free ports. Another process may still take one before it is used.</summary>
    public static int Take(int count = 1)
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var first = First + ((Interlocked.Add(ref LastTaken, count) & int.MaxValue) % (End - First - count));
            var listeners = new List<TcpListener>(count);
            try
            {
                for (var next = 0; next < count; next++) Listen(first + next, listeners);
                return first;
            }
            catch (SocketException)
            {
                // It or a neighbour is taken: try another place.
            }
            finally
            {
                listeners.ForEach(listener => listener.Dispose());
            }
        }
        throw new InvalidOperationException($"No {count} neighbouring free ports in {Attempts} attempts.");
    }

    private static void Listen(int port, List<TcpListener> listeners)
    {
        var listener = new TcpListener(IPAddress.Loopback, port);
        listeners.Add(listener);
        listener.Start();
    }
}
