using OrleansStream.Log.AzureBlobs.Brokers;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.AzureBlobs.Verification;
using OrleansStream.Log.Brokers;
using OrleansStream.Log.Journals;
using OrleansStream.Model.Ids;
using OrleansStream.Simulation.Schedules;
using OrleansStream.Testing.Blobs;

namespace OrleansStream.Simulation.Clusters;

/// <summary>What the shipped verification says of a world's container: it must find nothing, whatever the world went through.</summary>
internal static class ContainerVerification
{
    private static readonly UndecidedPuts Undecided = new(TimeProvider.System, new Random(1), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));

    /// <summary>A container has the record of its cluster before its brokers start.</summary>
    public static void Found(SimulatedBlobs blobs) => Now(new BlobClusterRecords(blobs, Undecided).GetOrCreateAsync(new ClusterRecord("AAAAAAAAAAAAAAAAAAAAAA", Generation: 0, HashSeed: 0, HashVersion: 1, GroupPartitions: 1), CancellationToken.None).AsTask());

    public static void Check(SimulatedBlobs blobs)
    {
        var report = Now(new ContainerVerifier(blobs, Undecided, (new PartitionId(default, 0), new Nothing())).VerifyAsync(CancellationToken.None));
        if (report.Findings.Count > 0) throw new ViolationException($"Verification of the container: {report.Findings[0]}");
    }

    // The simulated container answers at once.
    private static T Now<T>(Task<T> task) => task.IsCompleted ? task.GetAwaiter().GetResult() : throw new InvalidOperationException("The container waits.");

    private sealed class Nothing : IJournalState
    {
        public void Restore(ReadOnlySpan<byte> snapshot)
        {
        }

        public void Apply(Offset offset, ReadOnlySpan<byte> change)
        {
        }
    }
}
