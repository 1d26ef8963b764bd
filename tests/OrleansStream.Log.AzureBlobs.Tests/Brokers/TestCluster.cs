using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Time.Testing;
using OrleansStream.Log.AzureBlobs.Brokers;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.AzureBlobs.Manifests;
using OrleansStream.Log.AzureBlobs.Sessions;
using OrleansStream.Log.AzureBlobs.Tests.Lanes;
using OrleansStream.Log.Brokers;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Blobs;
using OrleansStream.Testing.Dispatch;
using OrleansStream.Testing.Records;

namespace OrleansStream.Log.AzureBlobs.Tests.Brokers;

/// <summary>Brokers of one container, in one process, who ask each other for partitions directly. Who is dead the test says.</summary>
internal sealed class TestCluster : IAsyncDisposable
{
    public const string ClusterId = "AAAAAAAAAAAAAAAAAAAAAA";

    private readonly List<TestBroker> _brokers = [];
    private readonly ConcurrentDictionary<BrokerId, TestBroker> _current = new();
    private int _silos;

    /// <param name="container">Null for a simulated one.</param>
    public TestCluster(IBlobContainer? container = null)
    {
        Blobs = new SimulatedBlobs(Time);
        Container = container ?? Blobs;
        Undecided = new UndecidedPuts(new SimulatedLane.EndlessPauses(), new Random(1), TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1));
        Manifests = new BlobManifestStore(Container, clusterGeneration: 0);
        Sessions = new BlobSessionStore(Container, Undecided, clusterGeneration: 0);
        Registry = new BlobBrokerRegistry(Container, Undecided, clusterGeneration: 0);
    }

    /// <summary>A partition to use where any will do.</summary>
    public static PartitionId Partition { get; } = PartitionOf(0);

    public FakeTimeProvider Time { get; } = new(DateTimeOffset.FromUnixTimeMilliseconds(BatchBuilder.DefaultTimestamp));

    /// <summary>The container, if the test gave none.</summary>
    public SimulatedBlobs Blobs { get; }

    public IBlobContainer Container { get; }

    public UndecidedPuts Undecided { get; }

    public IManifestStore Manifests { get; }

    public ISessionStore Sessions { get; }

    public IBrokerRegistry Registry { get; }

    public static PartitionId PartitionOf(int index) => new(new TopicId(new Guid(7, 0, 0, new byte[8])), index);

    /// <summary>Starts a broker; one that runs under this number is taken for gone.</summary>
    public async Task<TestBroker> StartAsync(int id, Func<BlobLogSetup, BlobLogSetup>? change = null)
    {
        var broker = await TestBroker.StartAsync(this, id, $"10.0.0.{id}:11111@{++_silos}", change);
        _brokers.Add(broker);
        _current[broker.Id] = broker;
        return broker;
    }

    /// <summary>The newest broker of this number; null if there was none.</summary>
    public TestBroker? Find(BrokerId broker) => _current.GetValueOrDefault(broker);

    public async Task<Manifest> ManifestAsync(PartitionId? partition = null) =>
        (await Manifests.GetAsync(partition ?? Partition, TestContext.Current.CancellationToken))!.Manifest;

    /// <summary>Lets time go by until something is so.</summary>
    /// <param name="isSo">What is waited for.</param>
    /// <param name="step">How far time goes at once.</param>
    /// <param name="what">How the caller wrote it.</param>
    public Task PassUntilAsync(Func<bool> isSo, TimeSpan step, [CallerArgumentExpression(nameof(isSo))] string what = "") => Until.SoAsync(isSo, () => Time.Advance(step), what);

    public async ValueTask DisposeAsync()
    {
        // A test that failed leaves puts that wait, and no broker ends before they do.
        Blobs.HoldsPuts = false;
        var ending = EndBrokersAsync();
        await Until.SoAsync(() => ending.IsCompleted, () =>
        {
            foreach (var name in Blobs.Held) Blobs.Release(name);
        });
        await ending;
        foreach (var broker in _brokers) Assert.Equal(0, broker.Log.Slabs.Leases.Total);
    }

    private async Task EndBrokersAsync()
    {
        foreach (var broker in _brokers) await broker.DisposeAsync();
    }
}
