using System.Runtime.InteropServices;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Files.Recovery;

/// <summary>Reads the blocks of one WAL file through a window. Knows whose file it is, so that blocks which the file held in an earlier life are foreign. Not thread safe.</summary>
internal sealed class WalBlockReader(IDiskFile file, string path, SessionId session)
{
    private const int WindowBytes = 256 * Limits.KiB;

    private readonly ulong _sessionHash = session.Hash;

    // Longs, so that directories, which are read in place, are aligned to 8 bytes.
    private long[] _window = new long[Math.Clamp(file.Length, Limits.BlockAlignment, WindowBytes) / sizeof(long)];
    private long _windowStart;
    private int _windowBytes;
    private long[] _lines = new long[512];

    public string Path => path;

    public long Length { get; } = file.Length;

    /// <summary>Whether <see cref="TryRead"/> verifies frames too: in a file whose last blocks may be torn.</summary>
    public bool VerifiesFrames { get; set; }

    /// <summary>Verifies the block at the position as far as this file needs it. The directory is valid until the next call.</summary>
    public bool TryRead(long position, out BlockHeader header, out ReadOnlySpan<FrameEntry> directory, out string? problem) =>
        VerifiesFrames ? TryBlock(position, out header, out directory, out problem) : TryDirectory(position, out header, out directory, out problem);

    /// <summary>Verifies header and directory of the block at the position. The directory is valid until the next call.</summary>
    public bool TryDirectory(long position, out BlockHeader header, out ReadOnlySpan<FrameEntry> directory, out string? problem)
    {
        directory = default;
        var start = Window(position, Limits.BlockAlignment);
        if (!BlockCodec.TryReadHeader(start, out header, out problem)) return false;
        if (header.SessionHash != _sessionHash) return Fail("the block there belongs to another session", out problem);
        if (position + header.StoredBytes > Length) return Fail($"a block of {header.StoredBytes} bytes does not fit into the file of {Length}", out problem);
        if (header.UsedBytes <= start.Length) return BlockCodec.TryReadDirectory(start, out header, out directory, out problem);

        var lines = Lines(position + header.DirectoryPosition, header.UsedBytes - header.DirectoryPosition);
        return BlockCodec.TryReadDirectory(Window(position, Limits.BlockAlignment), lines, header, out directory, out problem);
    }

    /// <summary>Verifies all of the block at the position. The directory is valid until the next call.</summary>
    public bool TryBlock(long position, out BlockHeader header, out ReadOnlySpan<FrameEntry> directory, out string? problem)
    {
        if (!TryDirectory(position, out header, out directory, out problem)) return false;
        var stored = Window(position, header.StoredBytes);
        if (!BlockCodec.TryReadDirectory(stored, out header, out directory, out problem)) return false;
        problem = BlockCodec.FindBadFrame(stored, header, directory);
        return problem is null;
    }

    /// <summary>The stored bytes of a block that verified. Valid until the next call.</summary>
    public ReadOnlyMemory<byte> Stored(long position, int storedBytes) => Window(position, storedBytes).ToArray();

    /// <summary>The first 4 KiB boundary from the position on at which this session's magic number and hash stand; -1 if there is none.</summary>
    public long NextCandidate(long position)
    {
        for (var at = position; at + Limits.BlockAlignment <= Length; at += Limits.BlockAlignment)
        {
            // Most of a file that was just begun was never written: hundreds of megabytes of zeros that a start would else read.
            if (!IsInWindow(at, Limits.BlockAlignment))
            {
                at = Math.Max(at, file.NextData(at) / Limits.BlockAlignment * Limits.BlockAlignment);
                if (at + Limits.BlockAlignment > Length) return -1;
            }

            if (BlockCodec.TryReadHeader(Window(at, Limits.BlockAlignment), out var header, out _) && header.SessionHash == _sessionHash) return at;
        }

        return -1;
    }

    private bool IsInWindow(long position, int length) => position >= _windowStart && position + length <= _windowStart + _windowBytes;

    private ReadOnlySpan<byte> Window(long position, int length)
    {
        if (!IsInWindow(position, length))
        {
            if (_window.Length * sizeof(long) < length) _window = new long[length / sizeof(long)];
            _windowStart = position;
            _windowBytes = file.Read(position, MemoryMarshal.AsBytes(_window.AsSpan()));
        }

        var at = (int)(position - _windowStart);
        return MemoryMarshal.AsBytes(_window.AsSpan()).Slice(at, Math.Max(0, Math.Min(length, _windowBytes - at)));
    }

    // Far from the header, and rarely read again: beside the window, so that the header stays in it.
    private Span<byte> Lines(long position, int length)
    {
        if (_lines.Length * sizeof(long) < length) _lines = new long[length / sizeof(long)];
        var bytes = MemoryMarshal.AsBytes(_lines.AsSpan())[..length];
        var read = file.Read(position, bytes);
        return bytes[..read];
    }

    private static bool Fail(string what, out string? problem)
    {
        problem = what;
        return false;
    }
}
