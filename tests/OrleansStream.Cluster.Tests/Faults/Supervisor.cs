using System.Collections.Concurrent;
using OrleansStream.Testing.Brokers;
using OrleansStream.Testing.Clusters;

namespace OrleansStream.Cluster.Tests.Faults;

/// <summary>Starts a broker again that has ended by itself, as whatever runs brokers does; not one that is taken: that one is somebody else's to start.</summary>
internal sealed class Supervisor : IAsyncDisposable
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(200);

    private const int WordsKept = 8;
    private const int WordLength = 400;

    private readonly BrokerCluster _cluster;
    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<int, SemaphoreSlim> _takes;
    private readonly Task _loop;

    public Supervisor(BrokerCluster cluster)
    {
        _cluster = cluster;
        _takes = cluster.Brokers.ToDictionary(broker => broker.Id, _ => new SemaphoreSlim(1, 1));
        _loop = Task.Run(WatchAsync);
    }

    /// <summary>Brokers that ended by themselves, with what they wrote at last.</summary>
    public ConcurrentQueue<string> Ends { get; } = new();

    /// <summary>Brokers that did not come back, or did not stop as they should.</summary>
    public ConcurrentQueue<string> Failures { get; } = new();

    /// <summary>Keeps the supervisor from a broker until the result is disposed of.</summary>
    public async Task<IDisposable> TakeAsync(BrokerProcess broker)
    {
        await _takes[broker.Id].WaitAsync();
        return new Taken(_takes[broker.Id]);
    }

    /// <summary>Waits until a broker that has ended by itself runs again.</summary>
    public async Task RunningAsync(BrokerProcess broker)
    {
        using var _ = await TakeAsync(broker);
        if (!broker.IsRunning) await broker.StartAsync();
    }

    /// <summary>A broker was asked to end and has.</summary>
    public void NoteStop(BrokerProcess broker)
    {
        if (broker.ExitCode is { } code and not 0) Failures.Enqueue($"broker {broker.Id} ended with code {code} when it was asked to end\n{broker.RecentOutput()}");
    }

    /// <summary>Starts nothing more.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
    }

    // The runtime writes a whole stack when a process ends itself; why it did stands before it.
    private static string LastWords(BrokerProcess broker) =>
        string.Join('\n', broker.RecentOutput().Split('\n').Where(line => !line.StartsWith("   at ", StringComparison.Ordinal)).TakeLast(WordsKept).Select(line => line[..Math.Min(line.Length, WordLength)]));

    private async Task WatchAsync()
    {
        using var timer = new PeriodicTimer(LookInterval);
        while (!_stop.IsCancellationRequested && await timer.WaitForNextTickAsync())
        {
            foreach (var broker in _cluster.Brokers.Where(broker => !broker.IsRunning)) await ReviveAsync(broker);
        }
    }

    private async Task ReviveAsync(BrokerProcess broker)
    {
        // Taken means that it was ended on purpose.
        if (!await _takes[broker.Id].WaitAsync(TimeSpan.Zero)) return;
        try
        {
            if (broker.IsRunning || _stop.IsCancellationRequested) return;
            Ends.Enqueue($"broker {broker.Id} ended by itself with code {broker.ExitCode?.ToString() ?? "unknown"}:\n{LastWords(broker)}");
            await broker.StartAsync();
        }
        catch (InvalidOperationException failed)
        {
            Failures.Enqueue($"broker {broker.Id} did not come back: {failed.Message}");
        }
        finally
        {
            _takes[broker.Id].Release();
        }
    }

    private sealed class Taken(SemaphoreSlim take) : IDisposable
    {
        public void Dispose() => take.Release();
    }
}
