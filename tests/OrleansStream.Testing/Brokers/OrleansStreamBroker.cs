using System.Diagnostics;

namespace OrleansStream.Testing.Brokers;

/// <summary>Our server as a process, with the switches that any script may use.</summary>
/// <param name="dataDirectory">Its data; created if absent.</param>
/// <param name="options">Further configuration for the command line, as in <c>Kafka:num.partitions</c> = <c>3</c>.</param>
public sealed class OrleansStreamBroker(string dataDirectory, IReadOnlyDictionary<string, string>? options = null)
    : BrokerProcess(dataDirectory, FreePorts.Take())
{
    private const int KeptLines = 60;
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(2) };

    private readonly Queue<string> _output = new();
    private readonly string[] _options = [.. (options ?? new Dictionary<string, string>()).Select(option => $"--{option.Key}={option.Value}")];

    public override string Name => "OrleansStream";

    /// <summary>The port of health, metrics and everything else that is HTTP.</summary>
    public int HttpPort { get; } = FreePorts.Take();

    public override void Launch()
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        string[] switches = ["--data", DataDirectory, "--kafka", Bootstrap, "--http", $"127.0.0.1:{HttpPort}"];
        foreach (var argument in (string[])[Repository.ServerAssembly(), .. switches, .. _options]) start.ArgumentList.Add(argument);

        var process = Process.Start(start) ?? throw new InvalidOperationException("dotnet did not start.");
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        ProcessId = process.Id;
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

    private void Keep(string? line)
    {
        if (line is null) return;
        lock (_output)
        {
            _output.Enqueue(line);
            if (_output.Count > KeptLines) _output.Dequeue();
        }
    }
}
