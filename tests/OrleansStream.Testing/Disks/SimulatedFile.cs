using OrleansStream.Log.Storage;

namespace OrleansStream.Testing.Disks;

/// <summary>An open file of a <see cref="SimulatedDisk"/>.</summary>
internal sealed class SimulatedFile(SimulatedDisk disk, string path, SimulatedInode inode, int alignment, bool mayWrite) : IDiskFile
{
    public long Length => disk.LengthOf(inode);

    public int Alignment => alignment;

    public void Reserve(long length)
    {
        RequireWriting();
        disk.Reserve(inode, path, length);
    }

    public void Write(long position, ReadOnlySpan<ReadOnlyMemory<byte>> pieces)
    {
        RequireWriting();
        RequireAligned(position);
        var length = 0;
        foreach (var piece in pieces)
        {
            RequireAligned(piece.Length);
            length += piece.Length;
        }

        var bytes = new byte[length];
        var at = 0;
        foreach (var piece in pieces)
        {
            piece.Span.CopyTo(bytes.AsSpan(at));
            at += piece.Length;
        }

        disk.Write(inode, path, position, bytes);
    }

    public void SyncData() => disk.SyncData(inode, path);

    public int Read(long position, Span<byte> destination)
    {
        RequireAligned(position);
        RequireAligned(destination.Length);
        return disk.Read(inode, path, position, destination);
    }

    public long NextData(long position) => disk.NextData(inode, position);

    public void Truncate(long length)
    {
        RequireWriting();
        disk.Truncate(inode, path, length);
    }

    public void Dispose()
    {
    }

    private void RequireAligned(long value)
    {
        if (value % alignment != 0) throw new DiskException(path, "Direct I/O", 22, $"{value} is no multiple of {alignment}");
    }

    private void RequireWriting()
    {
        if (!mayWrite) throw new DiskException(path, "Write", 9, "the file is open for reading");
    }
}
