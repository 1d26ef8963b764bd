using System.Buffers;
using OrleansStream.Log.AzureBlobs.Manifests;
using OrleansStream.Log.AzureBlobs.Sessions;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Blobs;

namespace OrleansStream.Simulation.Mutants;

/// <summary>Manifests as they are put, read and written by way of a container of their own.</summary>
internal static class ManifestBytes
{
    public static PartitionId PartitionOf(string name) => PartitionId.Parse(name[(name.IndexOf('/', 2) + 1)..]);

    public static Manifest Read(string name, byte[] bytes)
    {
        var blobs = Scratch.With(name, bytes);
        return new BlobManifestStore(blobs, clusterGeneration: 0).GetAsync(PartitionOf(name), CancellationToken.None).AsTask().GetAwaiter().GetResult()!.Manifest;
    }

    public static byte[] Write(string name, Manifest manifest)
    {
        var blobs = new SimulatedBlobs(TimeProvider.System);
        new BlobManifestStore(blobs, clusterGeneration: 0).CompareAndSetAsync(manifest, expected: null, CancellationToken.None).AsTask().GetAwaiter().GetResult();
        return blobs[name];
    }
}

/// <summary>Session records as they are put.</summary>
internal static class SessionBytes
{
    public static SessionRecord Read(string name, byte[] bytes)
    {
        var blobs = Scratch.With(name, bytes);
        var undecided = new UndecidedPuts(TimeProvider.System, new Random(1), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        return new BlobSessionStore(blobs, undecided, clusterGeneration: 0).GetAsync(SessionId.Parse(name[2..]), CancellationToken.None).AsTask().GetAwaiter().GetResult()!.Record;
    }
}

/// <summary>A container with one blob.</summary>
internal static class Scratch
{
    public static SimulatedBlobs With(string name, byte[] bytes)
    {
        var blobs = new SimulatedBlobs(TimeProvider.System);
        blobs.PutAsync(name, new ReadOnlySequence<byte>(bytes), expected: null, Guid.Empty, CancellationToken.None).AsTask().GetAwaiter().GetResult();
        return blobs;
    }
}
