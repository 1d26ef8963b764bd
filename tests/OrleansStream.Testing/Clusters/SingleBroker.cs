using OrleansStream.Testing.Brokers;

namespace OrleansStream.Testing.Clusters;

/// <summary>A broker of ours on local files: a cluster of one.</summary>
public sealed class SingleBroker(string directory, IReadOnlyDictionary<string, string>? options = null) : BrokerCluster(directory)
{
    private readonly OrleansStreamBroker _broker = new(Path.Combine(directory, "data"), options) { LogFile = Path.Combine(Path.GetFullPath(directory), "broker-1.log") };

    public override string Name => "one broker on files";

    public override IReadOnlyList<BrokerProcess> Brokers => [_broker];

    public override Task StartAsync(CancellationToken cancellationToken = default) => _broker.StartAsync(cancellationToken);
}
