using OrleansStream.Log.Files.Recovery;
using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Files.Verification;

/// <summary>Compares the footer of a WAL file, which a start believes, with the blocks that it describes.</summary>
internal static class FooterComparison
{
    /// <summary>What the footer says that the blocks do not; null if they agree or there is no footer.</summary>
    public static string? FindDifference(IDisk disk, SessionId session, int number)
    {
        var path = WalNames.PathOf(session, number);
        using var file = disk.Open(path, DiskOpenMode.Read);
        if (!WalFooter.TryRead(file, session, number, out var footer)) return null;

        var said = WalFileScan.Of(footer, Slot.Zero);
        var found = WalFileScan.Read(new WalBlockReader(file, path, session), session, number, (Slot.Zero, footer.File.EndSlot), verifiesFrames: false);
        if (found.Map is not { } map) return "the file has no block, but a footer";
        if (map.FirstSlot != footer.File.FirstSlot || map.EndSlot != footer.File.EndSlot || map.EndPosition != footer.File.EndPosition)
            return $"its footer has slots {footer.File.FirstSlot} to {footer.File.EndSlot} up to byte {footer.File.EndPosition}, its blocks slots {map.FirstSlot} to {map.EndSlot} up to byte {map.EndPosition}";
        if (!map.CopyPages().AsSpan().SequenceEqual(footer.File.CopyPages())) return "its footer has blocks at other positions";
        if (found.FirstPrevious != said.FirstPrevious || found.LastChecksum != said.LastChecksum) return "its footer has other checksums";
        return FindDifference(said, found);
    }

    private static string? FindDifference(WalFileScan said, WalFileScan found)
    {
        foreach (var (partition, runs) in found.Partitions)
        {
            if (!said.Partitions.TryGetValue(partition, out var named) || !named.ToExtents().SequenceEqual(runs.ToExtents())) return $"its footer has other frames of partition {partition}";
        }

        var extra = said.Partitions.Keys.FirstOrDefault(partition => !found.Partitions.ContainsKey(partition));
        return said.Partitions.Count > found.Partitions.Count ? $"its footer has frames of partition {extra}, its blocks none" : null;
    }
}
