using System.Collections.Concurrent;

namespace OrleansStream.Testing.Proxies;

/// <summary>Counts storage requests by what they do and what they are about. Safe for any number of connections.</summary>
public sealed class RequestCounts
{
    // /account/container/kind/...: the account stands in the path, as everywhere with the emulator.
    private const int ContainerPart = 1;
    private const int KindPart = 2;

    private readonly ConcurrentDictionary<RequestKind, long> _counts = new();

    /// <summary>Everything so far.</summary>
    public IReadOnlyDictionary<RequestKind, long> Read() => new Dictionary<RequestKind, long>(_counts);

    /// <summary>Counts a request to the blob service.</summary>
    public void NoteBlob(RequestHead head)
    {
        var (path, query) = Split(head.Target);
        var what = path.Length > KindPart ? path[KindPart] : "container";
        Note(new("blob", query.Contains("comp=list", StringComparison.Ordinal) ? "LIST" : head.Method, what));
    }

    /// <summary>Counts a request to the table service.</summary>
    public void NoteTable(RequestHead head)
    {
        var (path, _) = Split(head.Target);
        var table = path.Length > ContainerPart ? path[ContainerPart] : "";
        Note(new("table", head.Method, table.Split('(')[0]));
    }

    private static (string[] Path, string Query) Split(string target)
    {
        var question = target.IndexOf('?', StringComparison.Ordinal);
        var path = question < 0 ? target : target[..question];
        return (Uri.UnescapeDataString(path).Split('/', StringSplitOptions.RemoveEmptyEntries), question < 0 ? "" : target[question..]);
    }

    private void Note(RequestKind kind) => _counts.AddOrUpdate(kind, 1, static (_, count) => count + 1);
}
