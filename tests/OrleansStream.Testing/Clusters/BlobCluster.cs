using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using OrleansStream.Testing.Azurite;
using OrleansStream.Testing.Brokers;
using OrleansStream.Testing.Proxies;

namespace OrleansStream.Testing.Clusters;

/// <summary>Brokers of ours on one storage emulator, with a proxy on each way that could fail: to storage, and from broker to broker.</summary>
/// <param name="directory">For logs.</param>
/// <param name="brokers">How many to begin with.</param>
/// <param name="options">Further configuration of each broker.</param>
/// <param name="isDirect">Whether brokers reach storage without a proxy, which costs processor time and a hop: for measurements. Requests are not counted then.</param>
public sealed class BlobCluster(string directory, int brokers = 3, IReadOnlyDictionary<string, string>? options = null, bool isDirect = false) : BrokerCluster(directory)
{
    private readonly ConcurrentDictionary<int, Link> _toStorage = [];
    private readonly ConcurrentDictionary<(int From, int To), Link> _betweenBrokers = [];
    private readonly List<TcpProxy> _proxies = [];
    private AzuriteProcess? _azurite;

    // Proxies look at it while it grows.
    private volatile ImmutableList<OrleansStreamBroker> _brokers = [];

    public override string Name => "brokers on Azurite";

    public override IReadOnlyList<BrokerProcess> Brokers => _brokers;

    public override RequestCounts StorageRequests { get; } = new();

    /// <summary>The emulator; only after the start.</summary>
    public AzuriteProcess Azurite => _azurite ?? throw new InvalidOperationException("The cluster has not been started.");

    public override Link? StorageLink(int broker) => _toStorage.GetValueOrDefault(broker);

    public override Link? PeerLink(int from, int to) => _betweenBrokers.GetValueOrDefault((from, to));

    public override async Task StartAsync(CancellationToken cancellationToken = default)
    {
        _azurite = await AzuriteProcess.StartAsync(cancellationToken);
        while (_brokers.Count < brokers) Add();
        foreach (var broker in _brokers) broker.Launch();
        await Task.WhenAll(_brokers.Select(broker => broker.ReadyAsync(cancellationToken)));
    }

    public override BrokerProcess Add()
    {
        var id = _brokers.Count + 1;
        foreach (var other in _brokers)
        {
            _betweenBrokers[(id, other.Id)] = new Link($"broker {id} to {other.Id}");
            _betweenBrokers[(other.Id, id)] = new Link($"broker {other.Id} to {id}");
        }

        var listen = FreePorts.Take();
        var silo = Proxy(listen, end => PeerLink(SenderOf(end), id) ?? new Link("a stranger"));
        var broker = new OrleansStreamBroker(Folder, new ClusterMember(id, isDirect ? Azurite.ConnectionString : ThroughProxies(id), silo.Port, listen), options);
        _brokers = _brokers.Add(broker);
        return broker;
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        foreach (var proxy in _proxies) await proxy.DisposeAsync();
        if (_azurite is not null) await _azurite.DisposeAsync();
    }

    private string ThroughProxies(int id)
    {
        var link = _toStorage[id] = new Link($"broker {id} to storage", seed: id);
        return Azurite.ConnectionStringThrough(
            Proxy(Azurite.BlobPort, _ => link, StorageRequests.NoteBlob).Port,
            Proxy(Azurite.TablePort, _ => link, StorageRequests.NoteTable).Port);
    }

    private TcpProxy Proxy(int target, Func<IPEndPoint, Link> linkOf, Action<RequestHead>? onRequest = null)
    {
        var proxy = new TcpProxy(target, linkOf, onRequest);
        _proxies.Add(proxy);
        return proxy;
    }

    private int SenderOf(IPEndPoint end)
    {
        var running = _brokers;
        return LoopbackPeers.ProcessOf(end, running.Select(broker => broker.ProcessId).Where(id => id != 0)) is { } process
            ? running.First(broker => broker.ProcessId == process).Id
            : 0;
    }
}
