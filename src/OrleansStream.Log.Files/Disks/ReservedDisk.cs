using OrleansStream.Log.Storage;

namespace OrleansStream.Log.Files.Disks;

/// <summary>
/// A disk for what must go on when it is full: what finds no space gets it from the reserve. For the metadata journal and for small objects; WAL files of
/// producers, and objects above <see cref="DiskReserve.MaxPieceBytes"/>, are refused as on any full disk.
/// </summary>
/// <param name="disk">Where the files stand.</param>
/// <param name="reserve">On the same disk.</param>
public sealed class ReservedDisk(IDisk disk, DiskReserve reserve) : IDisk
{
    public long TotalBytes => disk.TotalBytes;

    public long FreeBytes => disk.FreeBytes + reserve.Bytes;

    /// <summary>The disk without its reserve.</summary>
    public IDisk Inner => disk;

    public DiskReserve Reserve => reserve;

    public IDiskFile Open(string path, DiskOpenMode mode)
    {
        while (true)
        {
            try
            {
                return new ReservedFile(disk.Open(path, mode), reserve);
            }
            catch (DiskFullException) when (reserve.TryGiveBack(0))
            {
            }
        }
    }

    public bool FileExists(string path) => disk.FileExists(path);

    public IReadOnlyList<string> ListFiles(string directory) => disk.ListFiles(directory);

    public void CreateDirectory(string directory) => Urgent(() => disk.CreateDirectory(directory));

    public void Rename(string from, string to) => Urgent(() => disk.Rename(from, to));

    public void Delete(string path) => disk.Delete(path);

    public void DeleteInPieces(string path) => disk.DeleteInPieces(path);

    public void SyncDirectory(string directory) => disk.SyncDirectory(directory);

    private void Urgent(Action work)
    {
        while (true)
        {
            try
            {
                work();
                return;
            }
            catch (DiskFullException) when (reserve.TryGiveBack(0))
            {
            }
        }
    }

    private sealed class ReservedFile(IDiskFile file, DiskReserve reserve) : IDiskFile
    {
        public long Length => file.Length;

        public int Alignment => file.Alignment;

        public long NextData(long position) => file.NextData(position);

        public void Reserve(long length)
        {
            while (true)
            {
                try
                {
                    file.Reserve(length);
                    return;
                }
                catch (DiskFullException) when (MayTake(length - file.Length))
                {
                }
            }
        }

        // The same bytes to the same place once more: what a write that found no space left behind is written over.
        public void Write(long position, ReadOnlySpan<ReadOnlyMemory<byte>> pieces)
        {
            var bytes = 0L;
            foreach (var piece in pieces) bytes += piece.Length;
            while (true)
            {
                try
                {
                    file.Write(position, pieces);
                    return;
                }
                catch (DiskFullException) when (MayTake(bytes))
                {
                }
            }
        }

        // Never a second try (rule F1).
        public void SyncData() => file.SyncData();

        public int Read(long position, Span<byte> destination) => file.Read(position, destination);

        public void Truncate(long length) => file.Truncate(length);

        public void Dispose() => file.Dispose();

        private bool MayTake(long bytes) => bytes <= DiskReserve.MaxPieceBytes && reserve.TryGiveBack(bytes);
    }
}
