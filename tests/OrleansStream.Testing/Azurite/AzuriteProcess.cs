using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using OrleansStream.Testing.Brokers;

namespace OrleansStream.Testing.Azurite;

/// <summary>
/// The storage emulator as a process of its own on loopback, with nothing on disk. It ends with <see cref="DisposeAsync"/>, or with
/// the process that started it.
/// </summary>
public sealed partial class AzuriteProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    // The emulator's own account, the same everywhere and published with it: not a secret.
    private const string Account = "devstoreaccount1";
    private const string Key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly Dictionary<string, int> _ports = [];
    private readonly TaskCompletionSource _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private AzuriteProcess(Process process) => _process = process;

    /// <summary>The id of the process.</summary>
    public int ProcessId => _process.Id;

    /// <summary>Reaches blobs and tables of the emulator's account.</summary>
    public string ConnectionString => ConnectionStringThrough(BlobPort, TablePort);

    /// <summary>Where it listens for blobs.</summary>
    public int BlobPort => _ports["Blob"];

    /// <summary>Where it listens for tables.</summary>
    public int TablePort => _ports["Table"];

    /// <summary>The account's key, to look for where it must not be.</summary>
    public static string AccountKey => Key;

    /// <summary>Starts the emulator on free ports and waits until it listens.</summary>
    /// <exception cref="InvalidOperationException">It is not installed, or ended, or did not listen within a minute; the message says what to do or what it wrote.</exception>
    public static async Task<AzuriteProcess> StartAsync(CancellationToken cancellationToken = default)
    {
        var folder = Path.Combine(Repository.Root, "tests", "azurite");
        var packages = Path.Combine(folder, "node_modules");
        if (!Directory.Exists(packages)) throw new InvalidOperationException($"Azurite is not installed: run infra/test.sh, or npm ci in {folder}.");

        var azurite = new AzuriteProcess(new Process { StartInfo = StartOf(folder, packages), EnableRaisingEvents = true });
        await azurite.StartAndWaitAsync(cancellationToken);
        return azurite;
    }

    /// <summary>Reaches the same account by other ports, of proxies before it.</summary>
    public string ConnectionStringThrough(int blobPort, int tablePort) =>
        $"DefaultEndpointsProtocol=http;AccountName={Account};AccountKey={Key};BlobEndpoint={EndpointAt(blobPort)};TableEndpoint={EndpointAt(tablePort)};";

    /// <summary>Processor time and memory of the emulator.</summary>
    public ProcessFigures Figures() => ProcessFigures.Read(ProcessId);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static ProcessStartInfo StartOf(string folder, string packages)
    {
        // Azurite wants a newer node than distributions have: a package brings one along. Elsewhere the machine's has to do.
        var node = Directory.EnumerateDirectories(packages, "node-linux-*").Select(package => Path.Combine(package, "bin", "node")).FirstOrDefault() ?? "node";
        var start = new ProcessStartInfo(node) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        string[] arguments =
        [
            "--require", Path.Combine(folder, "end-with-parent.cjs"), "--require", Path.Combine(folder, "steady.cjs"), Path.Combine(packages, "azurite", "dist", "src", "azurite.js"),
            "--inMemoryPersistence", "--disableTelemetry", "--silent", "--skipApiVersionCheck", "--blobPort", "0", "--queuePort", "0", "--tablePort", "0",
        ];
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        return start;
    }

    private async Task StartAndWaitAsync(CancellationToken cancellationToken)
    {
        _process.OutputDataReceived += (_, line) => Read(line.Data);
        _process.ErrorDataReceived += (_, line) => Read(line.Data);
        _process.Exited += (_, _) => _listening.TrySetException(new InvalidOperationException($"Azurite ended before it listened.\n{Output()}"));
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        try
        {
            await _listening.Task.WaitAsync(StartLimit, cancellationToken);
        }
        catch (TimeoutException)
        {
            await DisposeAsync();
            throw new InvalidOperationException($"Azurite did not listen within {StartLimit.TotalSeconds:0} s.\n{Output()}");
        }
    }

    private void Read(string? line)
    {
        if (line is null) return;
        lock (_ports)
        {
            _output.AppendLine(line);
            var match = Listening().Match(line);
            if (!match.Success) return;
            _ports[match.Groups["service"].Value] = int.Parse(match.Groups["port"].Value, CultureInfo.InvariantCulture);
            if (_ports.ContainsKey("Blob") && _ports.ContainsKey("Table")) _listening.TrySetResult();
        }
    }

    private string Output()
    {
        lock (_ports) return _output.ToString();
    }

    private static string EndpointAt(int port) => $"http://127.0.0.1:{port}/{Account}";

    [GeneratedRegex(@"^Azurite (?<service>\w+) service is successfully listening at http://127\.0\.0\.1:(?<port>\d+)")]
    private static partial Regex Listening();
}
