using OrleansStream.Log.Storage;

namespace OrleansStream.Simulation.Mutants;

/// <summary>A disk that leaves calls out, or changes what goes through it.</summary>
internal sealed class MutantDisk(IDisk inner) : IDisk
{
    /// <summary>Changes what was read.</summary>
    public delegate void Reading(string path, long position, Span<byte> bytes);

    /// <summary>Which files are never synced.</summary>
    public Func<string, bool> SkipsSync { get; init; } = static _ => false;

    /// <summary>Which files are synced at every second call only: each first one is answered before it is so.</summary>
    public Func<string, bool> SyncsLate { get; init; } = static _ => false;

    public Func<string, bool> SkipsDirectorySync { get; init; } = static _ => false;

    /// <summary>Which files are not written.</summary>
    public Func<string, bool> SkipsWrite { get; init; } = static _ => false;

    /// <summary>Changes what is written, of the same length.</summary>
    public Func<string, ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>? Rewrites { get; init; }

    /// <summary>Changes what is shown to whoever reads.</summary>
    public Reading? Shows { get; init; }

    public long TotalBytes => inner.TotalBytes;

    public long FreeBytes => inner.FreeBytes;

    public IDiskFile Open(string path, DiskOpenMode mode) => new File(this, inner.Open(path, mode), path);

    public bool FileExists(string path) => inner.FileExists(path);

    public IReadOnlyList<string> ListFiles(string directory) => inner.ListFiles(directory);

    public void CreateDirectory(string directory) => inner.CreateDirectory(directory);

    public void Rename(string from, string to) => inner.Rename(from, to);

    public void Delete(string path) => inner.Delete(path);

    public void DeleteInPieces(string path) => inner.DeleteInPieces(path);

    public void SyncDirectory(string directory)
    {
        if (!SkipsDirectorySync(directory)) inner.SyncDirectory(directory);
    }

    private sealed class File(MutantDisk disk, IDiskFile inner, string path) : IDiskFile
    {
        private bool _owesSync;

        public long Length => inner.Length;

        public int Alignment => inner.Alignment;

        public void Reserve(long length) => inner.Reserve(length);

        public void Write(long position, ReadOnlySpan<ReadOnlyMemory<byte>> pieces)
        {
            if (disk.SkipsWrite(path)) return;
            if (disk.Rewrites is { } rewrites && pieces.Length == 1) inner.Write(position, [rewrites(path, pieces[0])]);
            else inner.Write(position, pieces);
        }

        public void SyncData()
        {
            _owesSync = !_owesSync && disk.SyncsLate(path);
            if (!disk.SkipsSync(path) && !_owesSync) inner.SyncData();
        }

        public int Read(long position, Span<byte> destination)
        {
            var read = inner.Read(position, destination);
            disk.Shows?.Invoke(path, position, destination[..read]);
            return read;
        }

        public long NextData(long position) => inner.NextData(position);

        public void Truncate(long length) => inner.Truncate(length);

        public void Dispose() => inner.Dispose();
    }
}
