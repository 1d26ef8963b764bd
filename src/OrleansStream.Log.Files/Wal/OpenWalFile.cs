using OrleansStream.Log.Lanes;
using OrleansStream.Log.Storage;

namespace OrleansStream.Log.Files.Wal;

/// <summary>A WAL file that is being written, or is ready to be.</summary>
internal sealed class OpenWalFile(IDiskFile disk, int number)
{
    public IDiskFile Disk => disk;

    public int Number => number;

    /// <summary>Null before the first block.</summary>
    public WalFile? Map { get; set; }

    /// <summary>Where the next block goes.</summary>
    public long Position { get; private set; }

    public void Add(LaneBlock block)
    {
        var stored = block.Stored.Length;
        Map!.Add(Position, stored);
        Position += stored;
        block.Region = number;
    }
}
