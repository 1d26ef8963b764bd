using System.Buffers;
using System.Runtime.InteropServices;
using OrleansStream.Log.Storage;
using OrleansStream.Model;

namespace OrleansStream.Log.Files.Disks;

/// <summary>A file descriptor.</summary>
internal sealed unsafe class LinuxFile(int file, string path, bool isDirect) : IDiskFile
{
    public const int SeekEnd = 2;
    private const int SeekData = 3;

    private int _file = file;

    public long Length
    {
        get
        {
            var length = LibC.Seek(_file, 0, SeekEnd);
            return length >= 0 ? length : throw LinuxDisk.Failure(path, "Asking for the length");
        }
    }

    public int Alignment => isDirect ? Limits.BlockAlignment : 1;

    public void Reserve(long length)
    {
        int result;
        do
        {
            result = LibC.Allocate(_file, 0, 0, length);
        }
        while (result != 0 && Marshal.GetLastPInvokeError() == LibC.Interrupted);

        if (result == 0) return;
        if (Marshal.GetLastPInvokeError() != LibC.NotSupported) throw LinuxDisk.Failure(path, "Reserving space");

        WriteZeros(length);
    }

    public void Write(long position, ReadOnlySpan<ReadOnlyMemory<byte>> pieces)
    {
        for (var first = 0; first < pieces.Length; first += LibC.MaxPieces)
        {
            position += WriteSome(position, pieces[first..Math.Min(pieces.Length, first + LibC.MaxPieces)]);
        }
    }

    public void SyncData()
    {
        // No second try, not even after an interruption (rule F1).
        if (LibC.SyncData(_file) != 0) throw LinuxDisk.Failure(path, "Data sync");
    }

    public int Read(long position, Span<byte> destination)
    {
        var done = 0;
        fixed (byte* start = destination)
        {
            while (done < destination.Length)
            {
                var count = LibC.Read(_file, start + done, destination.Length - done, position + done);
                if (count == 0) break;
                if (count > 0) done += (int)count;
                else if (Marshal.GetLastPInvokeError() != LibC.Interrupted) throw LinuxDisk.Failure(path, $"Reading {destination.Length} bytes at {position}");
            }
        }

        return done;
    }

    // Written pages that still wait in the page cache count as data, whatever the extents say of them.
    public long NextData(long position)
    {
        var found = LibC.Seek(_file, position, SeekData);
        if (found >= 0) return found;
        return Marshal.GetLastPInvokeError() == LibC.NoAddress ? Math.Max(position, Length) : position;
    }

    public void Truncate(long length)
    {
        if (LibC.Truncate(_file, length) != 0) throw LinuxDisk.Failure(path, $"Cutting to {length} bytes");
    }

    public void Dispose()
    {
        var old = Interlocked.Exchange(ref _file, -1);
        if (old >= 0) _ = LibC.Close(old); // Nothing is lost with a failed close: what counts was synced.
    }

    private long WriteSome(long position, ReadOnlySpan<ReadOnlyMemory<byte>> pieces)
    {
        var handles = ArrayPool<MemoryHandle>.Shared.Rent(pieces.Length);
        var vector = stackalloc LibC.Piece[pieces.Length];
        var total = 0L;
        try
        {
            for (var i = 0; i < pieces.Length; i++)
            {
                handles[i] = pieces[i].Pin();
                vector[i] = new LibC.Piece { Start = (byte*)handles[i].Pointer, Length = pieces[i].Length };
                total += pieces[i].Length;
            }

            WriteAll(position, vector, pieces.Length, total);
        }
        finally
        {
            for (var i = 0; i < pieces.Length; i++) handles[i].Dispose();
            ArrayPool<MemoryHandle>.Shared.Return(handles, clearArray: true);
        }

        return total;
    }

    private void WriteAll(long position, LibC.Piece* pieces, int count, long total)
    {
        while (total > 0)
        {
            var written = LibC.Write(_file, pieces, count, position);
            if (written < 0)
            {
                if (Marshal.GetLastPInvokeError() == LibC.Interrupted) continue;
                throw LinuxDisk.Failure(path, $"Writing {total} bytes at {position}");
            }

            position += written;
            total -= written;
            Skip(ref pieces, ref count, written);
        }
    }

    // A signal or a full disk can end a write early; it goes on behind what was written.
    private static void Skip(ref LibC.Piece* pieces, ref int count, nint written)
    {
        while (count > 0 && written >= pieces->Length)
        {
            written -= pieces->Length;
            pieces++;
            count--;
        }

        if (count == 0) return;
        pieces->Start += written;
        pieces->Length -= written;
    }

    // For file systems without fallocate. Only what lies beyond the present end is touched.
    private void WriteZeros(long length)
    {
        var zeros = (byte*)NativeMemory.AlignedAlloc(Limits.MiB, Limits.BlockAlignment);
        try
        {
            NativeMemory.Clear(zeros, Limits.MiB);
            for (var at = Length; at < length;)
            {
                var count = Math.Min(Limits.MiB, length - at);
                var piece = new LibC.Piece { Start = zeros, Length = (nint)count };
                WriteAll(at, &piece, 1, count);
                at += count;
            }
        }
        finally
        {
            NativeMemory.AlignedFree(zeros);
        }
    }
}
