using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Files.Recovery;

/// <summary>The files of ended sessions, as recovery finds, syncs and deletes them.</summary>
internal static class WalDirectory
{
    /// <summary>The numbers of each session's files, rising.</summary>
    public static Dictionary<SessionId, List<int>> FilesBySession(IDisk disk)
    {
        var sessions = new Dictionary<SessionId, List<int>>();
        foreach (var name in disk.ListFiles(WalNames.Directory))
        {
            if (!WalNames.TryParse(name, out var session, out var number)) continue;
            if (!sessions.TryGetValue(session.Value, out var numbers)) sessions[session.Value] = numbers = [];
            numbers.Add(number);
        }

        foreach (var numbers in sessions.Values) numbers.Sort();
        return sessions;
    }

    /// <summary>Rule F8: a killed process may have written what it never synced, and nothing that is read counts before it is.</summary>
    public static void Sync(IDisk disk, SessionId session, IEnumerable<int> numbers)
    {
        foreach (var number in numbers)
        {
            using var file = disk.Open(WalNames.PathOf(session, number), DiskOpenMode.Write);
            file.SyncData();
        }

        disk.SyncDirectory(WalNames.Directory);
    }

    /// <summary>
    /// Writes the last blocks again, with the same bytes, and syncs them. A sync that failed just before the process was killed has left pages that look
    /// clean but never reached the disk, and a later sync does not write them: only a new write does. What a block knew durable is left alone.
    /// </summary>
    public static void WriteAgain(IDisk disk, RecoveredSession session, Slot durableEnd)
    {
        foreach (var map in session.Files)
        {
            if (map.EndSlot <= durableEnd) continue;
            using var file = disk.Open(map.Path, DiskOpenMode.Write);
            var reader = new WalBlockReader(file, map.Path, session.Session);
            var first = map.FirstSlot >= durableEnd ? map.FirstSlot : durableEnd;
            for (var slot = first; slot < map.EndSlot; slot = slot.Next)
            {
                if (!map.TryFind(slot, out var position, out var storedBytes)) continue;
                file.Write(position, [reader.Stored(position, storedBytes)]);
            }

            file.SyncData();
        }
    }

    /// <summary>Notes what each file takes of the disk.</summary>
    public static void Measure(IDisk disk, RecoveredSession session)
    {
        foreach (var map in session.Files)
        {
            using var file = disk.Open(map.Path, DiskOpenMode.Read);
            map.DiskBytes = file.Length;
        }
    }

    /// <summary>
    /// Gives back what a session's files take beyond its blocks: files that hold none below its end, and what was reserved behind the last one. Its end must
    /// be recorded: before that, these bytes prove where it is (rule F3).
    /// </summary>
    public static void GiveBack(IDisk disk, RecoveredSession session, IReadOnlyList<int> numbers)
    {
        var kept = session.Files.Select(static file => file.Number).ToHashSet();
        try
        {
            foreach (var number in numbers)
            {
                if (!kept.Contains(number)) disk.Delete(WalNames.PathOf(session.Session, number));
            }

            foreach (var map in session.Unclosed)
            {
                if (map.DiskBytes <= map.EndPosition) continue;
                using var file = disk.Open(map.Path, DiskOpenMode.Write);
                file.Truncate(map.EndPosition);
                map.DiskBytes = map.EndPosition;
            }

            if (numbers.Count > kept.Count) disk.SyncDirectory(WalNames.Directory);
        }
        catch (DiskException)
        {
            // The next start does the same; nothing that is needed was touched.
        }
    }

    public static void Delete(IDisk disk, SessionId session)
    {
        foreach (var number in FilesBySession(disk).GetValueOrDefault(session) ?? []) disk.Delete(WalNames.PathOf(session, number));
        disk.SyncDirectory(WalNames.Directory);
    }
}
