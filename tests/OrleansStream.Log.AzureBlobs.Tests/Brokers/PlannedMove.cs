using OrleansStream.Log.AzureBlobs.Brokers;
using OrleansStream.Log.Serving;
using OrleansStream.Testing.Blobs;

namespace OrleansStream.Log.AzureBlobs.Tests.Brokers;

/// <summary>A partition that broker 1 serves, and broker 2, which has not asked for it yet.</summary>
internal sealed class PlannedMove : IAsyncDisposable
{
    private PlannedMove(TestCluster cluster, TestBroker first) => (Cluster, First) = (cluster, first);

    public TestCluster Cluster { get; }

    public TestBroker First { get; }

    public TestBroker Second { get; private set; } = null!;

    /// <summary>The handle on the first broker.</summary>
    public PartitionHandle Old { get; private set; } = null!;

    /// <summary>Names of segments that were written so far.</summary>
    public List<string> Segments =>
        [.. Cluster.Blobs.Calls.Where(static call => call.IsPut && call.Name.StartsWith("p/", StringComparison.Ordinal)).Select(static call => call.Name)];

    /// <summary>Starts both brokers, the second one once the first has these records.</summary>
    public static Task<PlannedMove> OfAsync(params string[] values) => OfAsync(null, values);

    /// <summary>The same with brokers that are not set up as usual.</summary>
    public static async Task<PlannedMove> OfAsync(Func<BlobLogSetup, BlobLogSetup>? change, params string[] values)
    {
        var cluster = new TestCluster();
        var move = new PlannedMove(cluster, await cluster.StartAsync(1, change));
        move.Old = await move.First.OpenAsync();
        await TestBroker.AppendDurablyAsync(move.Old, values);
        move.Second = await cluster.StartAsync(2, change);
        return move;
    }

    public ValueTask DisposeAsync() => Cluster.DisposeAsync();
}
