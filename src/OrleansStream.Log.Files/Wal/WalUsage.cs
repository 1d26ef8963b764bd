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

    // Sessions that were short leave small files. Each counts for this much at least, so that restarts do not make more and more of them.
    private const int SmallFileShare = 16;

    public long Bytes => files.Bytes;

    public bool IsNearCap => Charged + (FilesAhead * options.FileBytes) > options.MaxWalBytes;

    private long Charged => files.Sessions.Sum(session => files.Of(session).Sum(file => Math.Max(file.DiskBytes, options.FileBytes / SmallFileShare)));

    public IReadOnlyList<WalPart> ClosedParts()
    {
        var current = currentSession();
        var parts = new List<WalPart>();
        foreach (var session in files.Sessions)
        {
            if (session != current) parts.Add(new WalPart(session, new Slot(long.MaxValue), files.Of(session).Sum(static file => file.DiskBytes)));
        }

        foreach (var file in files.Of(current))
        {
            if (file.IsClosed) parts.Add(new WalPart(current, file.EndSlot, file.DiskBytes));
        }

        return parts;
    }
}
