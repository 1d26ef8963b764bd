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

    public static void Delete(IDisk disk, SessionId session)
    {
        foreach (var number in FilesBySession(disk).GetValueOrDefault(session) ?? []) disk.Delete(WalNames.PathOf(session, number));
        disk.SyncDirectory(WalNames.Directory);
    }
}
