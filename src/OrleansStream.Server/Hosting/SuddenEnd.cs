using System.Runtime.InteropServices;

namespace OrleansStream.Server.Hosting;

/// <summary>
/// Ends the process where nothing that it still does in order would reach anybody: the other brokers hold this one for dead. Failing fast would print the stack of
/// whoever happened to read the membership, which is a page for everybody who looks for the reason.
/// </summary>
internal static partial class SuddenEnd
{
    private const int ExitCode = 3;

    /// <summary>Tells why on standard error, since the log's own writer may not get round to it any more, and does not return.</summary>
    public static void Now(string why)
    {
        Console.Error.WriteLine(why);
        EndAtOnce(ExitCode);
    }

    // All threads at once and no handler of anybody; also of the first process of a container, which cannot kill itself.
    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void EndAtOnce(int code);
}
