using System.Diagnostics;
using System.Net.Sockets;

namespace OrleansStream.Testing.Brokers;

/// <summary>
/// A broker as a process of its own on loopback, which can be stopped, killed and started again on the same data and port.
/// Not thread-safe: one test or one run owns it.
/// </summary>
public abstract class BrokerProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);

    private protected BrokerProcess(string dataDirectory, int port)
    {
        DataDirectory = Path.GetFullPath(dataDirectory);
        Port = port;
        Directory.CreateDirectory(DataDirectory);
    }

    /// <summary>What reports call this broker.</summary>
    public abstract string Name { get; }

    /// <summary>The broker's number in its cluster.</summary>
    public int Id { get; init; } = 1;

    /// <summary>Where the broker keeps its data; it outlives the process.</summary>
    public string DataDirectory { get; }

    /// <summary>The port that Kafka clients connect to.</summary>
    public int Port { get; }

    /// <summary>What a client is given as bootstrap servers.</summary>
    public string Bootstrap => $"127.0.0.1:{Port}";

    /// <summary>The id of the running process; 0 while there is none.</summary>
    public int ProcessId { get; private protected set; }

    /// <summary>True between a start and the end of the process, however it ended.</summary>
    public bool IsRunning => ProcessId != 0 && Signals.IsAlive(ProcessId);

    /// <summary>How the last process ended; null while it runs, and where nobody can tell.</summary>
    public virtual int? ExitCode => null;

    /// <summary>Starts the process and returns at once; clients may have to retry.</summary>
    public abstract void Launch();

    /// <summary>The last lines that the broker has written, for failure messages.</summary>
    public abstract string RecentOutput();

    /// <summary>Starts the broker and waits until it says that it serves.</summary>
    /// <exception cref="InvalidOperationException">The process ended, or did not serve within two minutes; its last output is in the message.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        Launch();
        await ReadyAsync(cancellationToken);
    }

    /// <summary>Waits until a broker that was launched, or that has just woken up, says that it serves.</summary>
    /// <exception cref="InvalidOperationException">As for <see cref="StartAsync"/>.</exception>
    public Task ReadyAsync(CancellationToken cancellationToken = default) => WaitUntilAsync(IsReadyAsync, StartLimit, cancellationToken);

    /// <summary>Freezes the process (SIGSTOP); it may be killed meanwhile, but not asked to end.</summary>
    public void Pause() => Signals.Send(ProcessId, Signals.Stop);

    /// <summary>Lets a frozen process go on.</summary>
    public void Resume() => Signals.Send(ProcessId, Signals.Continue);

    /// <summary>Asks the process to end (SIGTERM), waits, and returns how long that took.</summary>
    /// <exception cref="InvalidOperationException">It did not end within a minute; it has then been killed.</exception>
    public async Task<TimeSpan> StopAsync(CancellationToken cancellationToken = default)
    {
        var watch = Stopwatch.StartNew();
        if (ProcessId == 0) return TimeSpan.Zero;
        Signals.Send(ProcessId, Signals.Terminate);
        while (IsRunning)
        {
            if (watch.Elapsed > StopLimit)
            {
                var output = RecentOutput();
                await KillAsync();
                throw new InvalidOperationException($"{Name} did not end within {StopLimit.TotalSeconds:0} s of SIGTERM.\n{output}");
            }
            await Task.Delay(PollInterval, cancellationToken);
        }
        ProcessId = 0;
        return watch.Elapsed;
    }

    /// <summary>Kills the process (SIGKILL) and waits until it is gone.</summary>
    public async Task KillAsync()
    {
        if (ProcessId == 0) return;
        Signals.Send(ProcessId, Signals.Kill);
        while (IsRunning) await Task.Delay(PollInterval);
        ProcessId = 0;
    }

    /// <summary>The processor time and memory of the running broker.</summary>
    public ProcessFigures Figures() => ProcessFigures.Read(ProcessId);

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        GC.SuppressFinalize(this);
    }

    private protected abstract Task<bool> IsReadyAsync(CancellationToken cancellationToken);

    private protected async Task<bool> AcceptsAsync(CancellationToken cancellationToken)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync("127.0.0.1", Port, cancellationToken);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private async Task WaitUntilAsync(Func<CancellationToken, Task<bool>> condition, TimeSpan limit, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        while (!await condition(cancellationToken))
        {
            if (!IsRunning) throw new InvalidOperationException($"{Name} ended before it served.\n{RecentOutput()}");
            if (watch.Elapsed > limit)
            {
                throw new InvalidOperationException($"{Name} did not serve within {limit.TotalSeconds:0} s.\n{RecentOutput()}");
            }
            await Task.Delay(PollInterval, cancellationToken);
        }
    }
}
