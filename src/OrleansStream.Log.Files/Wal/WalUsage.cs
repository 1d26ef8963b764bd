using OrleansStream.Log.Lanes;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Files.Wal;

/// <summary>The WAL files of a data directory against their cap.</summary>
/// <param name="files">Every file there is.</param>
/// <param name="options">The cap.</param>
/// <param name="currentSession">The session of the lane that is written to.</param>
public sealed class WalUsage(WalFiles files, FileLaneOptions options, Func<SessionId> currentSession) : IWalUsage
{
    // One file is always prepared ahead of the writer, and one is being emptied.
    private const int FilesAhead = 2;

    public long Bytes => files.Count * options.FileBytes;

    public bool IsNearCap => Bytes + (FilesAhead * options.FileBytes) > options.MaxWalBytes;

    public IReadOnlyList<WalPart> ClosedParts()
    {
        var current = currentSession();
        var parts = new List<WalPart>();
        foreach (var session in files.Sessions)
        {
            if (session != current) parts.Add(new WalPart(session, new Slot(long.MaxValue), files.Of(session).Count * options.FileBytes));
        }

        foreach (var file in files.Of(current))
        {
            if (file.IsClosed) parts.Add(new WalPart(current, file.EndSlot, options.FileBytes));
        }

        return parts;
    }
}
