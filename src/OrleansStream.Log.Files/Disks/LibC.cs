using System.Runtime.InteropServices;

namespace OrleansStream.Log.Files.Disks;

/// <summary>The calls of the C library that .NET has no honest counterpart for. All return -1 and set errno on failure.</summary>
internal static unsafe partial class LibC
{
    public const int ReadOnly = 0, ReadWrite = 2, Create = 0x40, Exclusive = 0x80, CloseOnExec = 0x80000;
    public const int Interrupted = 4, NoEntry = 2, Exists = 17, Invalid = 22, NoSpace = 28, WouldBlock = 11, NotSupported = 95, NoAddress = 6, QuotaExceeded = 122;
    public const int LockExclusive = 2, LockNonBlocking = 4;

    /// <summary>Pieces that one vectored write may have (IOV_MAX).</summary>
    public const int MaxPieces = 1024;

    private const string Name = "libc";

    // The two flags have each other's number on the two families of processors.
    public static int Direct { get; } = IsArm ? 0x10000 : 0x4000;

    public static int Directory { get; } = IsArm ? 0x4000 : 0x10000;

    private static bool IsArm => RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm;

    [LibraryImport(Name, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags, int mode);

    [LibraryImport(Name, EntryPoint = "close", SetLastError = true)]
    public static partial int Close(int file);

    [LibraryImport(Name, EntryPoint = "pread", SetLastError = true)]
    public static partial nint Read(int file, byte* buffer, nint count, long position);

    [LibraryImport(Name, EntryPoint = "pwritev", SetLastError = true)]
    public static partial nint Write(int file, Piece* pieces, int count, long position);

    [LibraryImport(Name, EntryPoint = "fdatasync", SetLastError = true)]
    public static partial int SyncData(int file);

    [LibraryImport(Name, EntryPoint = "fsync", SetLastError = true)]
    public static partial int Sync(int file);

    [LibraryImport(Name, EntryPoint = "fallocate", SetLastError = true)]
    public static partial int Allocate(int file, int mode, long offset, long length);

    [LibraryImport(Name, EntryPoint = "ftruncate", SetLastError = true)]
    public static partial int Truncate(int file, long length);

    [LibraryImport(Name, EntryPoint = "lseek", SetLastError = true)]
    public static partial long Seek(int file, long offset, int whence);

    [LibraryImport(Name, EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Rename(string from, string to);

    [LibraryImport(Name, EntryPoint = "unlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Unlink(string path);

    [LibraryImport(Name, EntryPoint = "flock", SetLastError = true)]
    public static partial int Lock(int file, int operation);

    // The same layout on every processor, which that of fstat is not.
    [LibraryImport(Name, EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Stat(int file, string path, int flags, uint wanted, byte* result);

    /// <summary>How many names an open file still has; -1 if that cannot be told.</summary>
    public static long CountNames(int file)
    {
        const int OfFile = 0x1000, ResultBytes = 256, NamesAt = 16;
        const uint Names = 4;
        var result = stackalloc byte[ResultBytes];
        return Stat(file, "", OfFile, Names, result) == 0 ? *(uint*)(result + NamesAt) : -1;
    }

    /// <summary>With which and who 0: of the calling thread, since Linux keeps it for each.</summary>
    [LibraryImport(Name, EntryPoint = "setpriority", SetLastError = true)]
    public static partial int SetPriority(int which, int who, int nice);

    /// <summary>struct iovec.</summary>
    public struct Piece
    {
        public byte* Start;
        public nint Length;
    }
}
