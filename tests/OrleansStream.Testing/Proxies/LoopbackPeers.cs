using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace OrleansStream.Testing.Proxies;

/// <summary>Tells which process has the other end of a connection on this machine. All of them come from 127.0.0.1, so the kernel's tables have to say.</summary>
public static partial class LoopbackPeers
{
    private static readonly string[] Tables = ["/proc/net/tcp", "/proc/net/tcp6"];

    /// <summary>The one of <paramref name="processes"/> whose socket has the local port of <paramref name="end"/>; null if none of them has.</summary>
    public static int? ProcessOf(IPEndPoint end, IEnumerable<int> processes)
    {
        if (InodeOf(end.Port) is not { } inode) return null;
        var socket = $"socket:[{inode}]";
        foreach (var process in processes)
        {
            if (Holds(process, socket)) return process;
        }
        return null;
    }

    // Listening sockets have no peer; of a connection's two ends this one has the port on its local side.
    private static string? InodeOf(int localPort)
    {
        var port = localPort.ToString("X4", CultureInfo.InvariantCulture);
        return Tables.Where(File.Exists).SelectMany(File.ReadLines).Select(line => Entry().Match(line))
            .Where(entry => entry.Success && entry.Groups["local"].Value == port && entry.Groups["state"].Value != "0A")
            .Select(entry => entry.Groups["inode"].Value).FirstOrDefault(inode => inode != "0");
    }

    private static bool Holds(int process, string socket)
    {
        try
        {
            return Directory.EnumerateFiles($"/proc/{process}/fd").Any(file => TargetOf(file) == socket);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static string? TargetOf(string link)
    {
        try
        {
            return new FileInfo(link).LinkTarget;
        }
        catch (IOException)
        {
            // Closed since it was listed.
            return null;
        }
    }

    [GeneratedRegex(@"^\s*\d+: [0-9A-F]+:(?<local>[0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} (?<state>[0-9A-F]{2}) \S+ \S+ \S+ +\d+ +\d+ (?<inode>\d+)")]
    private static partial Regex Entry();
}
