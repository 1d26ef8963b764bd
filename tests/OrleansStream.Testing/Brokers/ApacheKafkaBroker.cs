using System.Diagnostics;
using System.Globalization;

namespace OrleansStream.Testing.Brokers;

/// <summary>Apache Kafka from KAFKA_HOME as a process: to validate the tests themselves, and to compare with.</summary>
/// <param name="dataDirectory">Its data; created if absent.</param>
/// <param name="options">Broker settings that replace the stock ones.</param>
public sealed class ApacheKafkaBroker(string dataDirectory, IReadOnlyDictionary<string, string>? options = null)
    : BrokerProcess(dataDirectory, FreePorts.Take(count: 2))
{
    private const int KeptLines = 40;

    private readonly string[] _options = [.. (options ?? new Dictionary<string, string>()).Select(option => $"{option.Key}={option.Value}")];

    public override string Name => "Apache Kafka";

    private string LogFile => Path.Combine(DataDirectory, "node-1", "broker.log");

    /// <summary>Leaves the data directory as formatting leaves it. The broker must not run.</summary>
    public void EmptyData()
    {
        var data = new DirectoryInfo(Path.Combine(DataDirectory, "node-1", "data"));
        foreach (var directory in data.EnumerateDirectories()) directory.Delete(recursive: true);
        foreach (var file in data.EnumerateFiles().Where(file => file.Name is not ("meta.properties" or "bootstrap.checkpoint"))) file.Delete();
    }

    public override void Launch()
    {
        var home = Repository.KafkaHome ?? throw new InvalidOperationException("KAFKA_HOME is not set.");
        // An old log would say that the new process serves.
        Directory.CreateDirectory(Path.GetDirectoryName(LogFile)!);
        File.Delete(LogFile);
        var start = new ProcessStartInfo("bash");
        string[] arguments =
            [Path.Combine(home, "start-broker.sh"), "--foreground", DataDirectory, Port.ToString(CultureInfo.InvariantCulture), .. _options];
        foreach (var argument in arguments) start.ArgumentList.Add(argument);

        // The script replaces itself by the broker, so the id stays the same.
        var process = Process.Start(start) ?? throw new InvalidOperationException("bash did not start.");
        ProcessId = process.Id;
    }

    public override string RecentOutput() =>
        File.Exists(LogFile) ? string.Join('\n', File.ReadLines(LogFile).TakeLast(KeptLines)) : "(no output)";

    private protected override Task<bool> IsReadyAsync(CancellationToken cancellationToken) => Task.FromResult(
        File.Exists(LogFile) && File.ReadLines(LogFile).Any(line => line.Contains("Kafka Server started", StringComparison.Ordinal)));
}
