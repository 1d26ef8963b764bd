using System.Diagnostics;
using System.Globalization;
using OrleansStream.Testing.Brokers;

namespace OrleansStream.Testing.Clusters;

/// <summary>Three nodes of Apache Kafka that copy each record to all: to try tests and measurements themselves, and to compare with.</summary>
public sealed class ApacheKafkaCluster(string directory, IReadOnlyDictionary<string, string>? options = null) : BrokerCluster(directory)
{
    private const int Nodes = 3;

    // The start script puts nodes so far apart, each with the next port for its controller.
    private const int PortsOfNode = 10;

    private readonly List<ApacheKafkaNode> _nodes = [];

    public override string Name => "Apache Kafka";

    public override IReadOnlyList<BrokerProcess> Brokers => _nodes;

    public override short Replicas => Nodes;

    public override async Task StartAsync(CancellationToken cancellationToken = default)
    {
        var home = Repository.KafkaHome ?? throw new InvalidOperationException("KAFKA_HOME is not set.");
        var port = FreePorts.Take(Nodes * PortsOfNode);
        var start = new ProcessStartInfo("bash");
        string[] settings = [.. (options ?? new Dictionary<string, string>()).Select(option => $"{option.Key}={option.Value}")];
        string[] arguments = [Path.Combine(home, "start-broker.sh"), "--cluster", Folder, port.ToString(CultureInfo.InvariantCulture), .. settings];
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        start.Environment["KAFKA_BROKER_HEAP"] = ApacheKafkaNode.Heap;
        using var script = Process.Start(start) ?? throw new InvalidOperationException("bash did not start.");
        await script.WaitForExitAsync(cancellationToken);

        // Nodes that run are ours to end, even if the others failed.
        for (var node = 1; node <= Nodes; node++) _nodes.Add(new ApacheKafkaNode(Path.Combine(Folder, $"node-{node}"), port + ((node - 1) * PortsOfNode)) { Id = node });
        foreach (var node in _nodes) node.Adopt();
        if (script.ExitCode != 0) throw new InvalidOperationException($"Apache Kafka did not start.\n{string.Join('\n', _nodes.Select(node => node.RecentOutput()))}");
    }
}
