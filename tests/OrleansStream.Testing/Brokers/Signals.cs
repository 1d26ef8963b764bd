using System.ComponentModel;
using System.Runtime.InteropServices;

namespace OrleansStream.Testing.Brokers;

/// <summary>Signals to processes that the tests have started themselves.</summary>
public static partial class Signals
{
    /// <summary>SIGTERM: end in good order.</summary>
    public const int Terminate = 15;

    /// <summary>SIGINT: what Ctrl-C sends.</summary>
    public const int Interrupt = 2;

    /// <summary>SIGKILL: end at once, as in a crash.</summary>
    public const int Kill = 9;

    /// <summary>SIGSTOP: stand still until <see cref="Continue"/>, as under a hypervisor that gives no time.</summary>
    public const int Stop = 19;

    /// <summary>SIGCONT: go on.</summary>
    public const int Continue = 18;

    private const int NoSuchProcess = 3;

    /// <summary>Sends a signal to one process by its id; one that has ended already is no error.</summary>
    public static void Send(int processId, int signal)
    {
        // Zero and below would address whole process groups.
        ArgumentOutOfRangeException.ThrowIfLessThan(processId, 2);
        if (SendSignal(processId, signal) == 0) return;

        var error = Marshal.GetLastPInvokeError();
        if (error != NoSuchProcess) throw new Win32Exception(error);
    }

    /// <summary>True while the process exists and has not been left as a zombie.</summary>
    public static bool IsAlive(int processId)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{processId}/stat");
            return stat[stat.LastIndexOf(')') + 2] is not ('Z' or 'X');
        }
        catch (IOException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int processId, int signal);
}
