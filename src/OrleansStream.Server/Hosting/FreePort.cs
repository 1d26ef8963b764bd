using System.Net;
using System.Net.Sockets;

namespace OrleansStream.Server.Hosting;

/// <summary>A loopback port that is free now. On one node no other silo calls, so nothing but the silo itself needs to know it.</summary>
internal static class FreePort
{
    public static int Find()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
