using System.Runtime.InteropServices;

namespace OrleansStream.Server.Hosting;

/// <summary>
/// Makes the C library give large blocks back to the system when they are freed. Left to itself, glibc keeps blocks of the size of any that was freed before,
/// up to 32 MiB, in heaps that caches of changing size tear into pieces: 60 MB after a minute of reading (docs/adr/0003-runtime-settings.md).
/// </summary>
internal static partial class LargeBlocks
{
    private const string OperatorsChoice = "MALLOC_MMAP_THRESHOLD_";
    private const int MappedFrom = -3; // M_MMAP_THRESHOLD
    private const int Bytes = 128 * 1024;

    /// <summary>To be called before much is allocated. Does nothing where the C library is another one, or where the operator has chosen.</summary>
    public static void KeepApart()
    {
        if (Environment.GetEnvironmentVariable(OperatorsChoice) is not null) return;
        try
        {
            _ = SetOption(MappedFrom, Bytes);
        }
        catch (EntryPointNotFoundException)
        {
            // musl gives them back anyway.
        }
    }

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int SetOption(int option, int value);
}
