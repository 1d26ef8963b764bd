using System.Diagnostics;

namespace OrleansStream.Testing.Brokers;

/// <summary>Our server as a process, with the switches that any script may use.</summary>
public sealed class OrleansStreamBroker : BrokerProcess
{
    private const int KeptLines = 200;
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(2) };

    private readonly Queue<string> _output = new();
    private readonly string[] _switches;
    private Process? _process;

    /// <summary>A broker on local files.</summary>
    /// <param name="dataDirectory">Its data; created if absent.</param>
    /// <param name="options">Further configuration for the command line, as in <c>Kafka:num.partitions</c> = <c>3</c>.</param>
    public OrleansStreamBroker(string dataDirectory, IReadOnlyDictionary<string, string>? options = null)
        : base(dataDirectory, FreePorts.Take()) => _switches = ["--data", DataDirectory, .. Settings(options)];

    /// <summary>A broker of a cluster, which keeps nothing of its own.</summary>
    /// <param name="directory">Where its log goes; created if absent.</param>
    /// <param name="member">Which of the cluster it is.</param>
    /// <param name="options">As above.</param>
    public OrleansStreamBroker(string directory, ClusterMember member, IReadOnlyDictionary<string, string>? options = null)
        : base(directory, FreePorts.Take())
    {
        Id = member.Id;
        LogFile = Path.Combine(DataDirectory, $"broker-{member.Id}.log");
        _switches = [.. member.Switches(), .. Settings(options)];
    }

    public override string Name => "OrleansStream";

    public override int? ExitCode => _process is { HasExited: true } ended ? ended.ExitCode : null;

    /// <summary>Gets all that the broker writes, of each of its lives; unset: only the last lines are kept.</summary>
    public string? LogFile { get; init; }

    /// <summary>The port of health, metrics and everything else that is HTTP.</summary>
    public int HttpPort { get; } = FreePorts.Take();

    public override void Launch()
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        string[] arguments = [Repository.ServerAssembly(), "--kafka", Bootstrap, "--http", $"127.0.0.1:{HttpPort}", .. _switches];
        foreach (var argument in arguments) start.ArgumentList.Add(argument);

        _process = Process.Start(start) ?? throw new InvalidOperationException("dotnet did not start.");
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        ProcessId = _process.Id;
    }

    public override string RecentOutput()
    {
        lock (_output) return string.Join('\n', _output);
    }

    /// <summary>The body of one of the server's HTTP pages, for example <c>/metrics</c>.</summary>
    public Task<string> GetAsync(string path, CancellationToken cancellationToken = default) =>
        Http.GetStringAsync(new Uri($"http://127.0.0.1:{HttpPort}{path}"), cancellationToken);

    private protected override async Task<bool> IsReadyAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await Http.GetAsync(new Uri($"http://127.0.0.1:{HttpPort}/health/ready"), cancellationToken);
            return answer.IsSuccessStatusCode && await AcceptsAsync(cancellationToken);
        }
        catch (Exception error) when (error is HttpRequestException || (error is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return false;
        }
    }

    private static IEnumerable<string> Settings(IReadOnlyDictionary<string, string>? options) =>
        (options ?? new Dictionary<string, string>()).Select(option => $"--{option.Key}={option.Value}");

    private void Keep(string? line)
    {
        if (line is null) return;
        lock (_output)
        {
            if (LogFile is not null) File.AppendAllText(LogFile, line + '\n');
            _output.Enqueue(line);
            if (_output.Count > KeptLines) _output.Dequeue();
        }
    }
}
