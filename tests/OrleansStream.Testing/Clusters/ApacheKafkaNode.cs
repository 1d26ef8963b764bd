using System.Diagnostics;
using System.Globalization;
using OrleansStream.Testing.Brokers;

namespace OrleansStream.Testing.Clusters;

/// <summary>One node of a cluster that Apache Kafka's start script has set up.</summary>
internal sealed class ApacheKafkaNode(string directory, int port) : BrokerProcess(directory, port)
{
    /// <summary>Three nodes share a small machine, and hold little.</summary>
    public const string Heap = "-Xms512M -Xmx512M";

    private const int KeptLines = 40;

    public override string Name => $"Apache Kafka node {Id}";

    private string LogFile => Path.Combine(DataDirectory, "broker.log");

    /// <summary>Takes the process that the script has started for its own.</summary>
    public void Adopt()
    {
        var file = Path.Combine(DataDirectory, "pid");
        if (File.Exists(file)) ProcessId = int.Parse(File.ReadAllText(file), CultureInfo.InvariantCulture);
    }

    public override void Launch()
    {
        var home = Repository.KafkaHome ?? throw new InvalidOperationException("KAFKA_HOME is not set.");
        // An old log would say that the new process serves.
        File.Delete(LogFile);
        var start = new ProcessStartInfo("bash");
        string[] arguments = ["-c", "exec \"$1\" kafka.Kafka \"$2\" > \"$3\" 2>&1 < /dev/null", "bash", Path.Combine(home, "bin", "run-class.sh"), Path.Combine(DataDirectory, "server.properties"), LogFile];
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        start.Environment["KAFKA_HEAP_OPTS"] = Heap;
        start.Environment["KAFKA_LOG4J"] = Path.Combine(home, "config", "broker-log4j2.properties");

        // Each shell replaces itself by what it starts, so the id stays the same.
        var process = Process.Start(start) ?? throw new InvalidOperationException("bash did not start.");
        ProcessId = process.Id;
    }

    public override string RecentOutput() =>
        File.Exists(LogFile) ? string.Join('\n', File.ReadLines(LogFile).TakeLast(KeptLines)) : "(no output)";

    private protected override Task<bool> IsReadyAsync(CancellationToken cancellationToken) => Task.FromResult(
        File.Exists(LogFile) && File.ReadLines(LogFile).Any(line => line.Contains("Kafka Server started", StringComparison.Ordinal)));
}
