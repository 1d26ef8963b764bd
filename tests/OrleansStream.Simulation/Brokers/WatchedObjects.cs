using System.Buffers;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Simulation.Schedules;

namespace OrleansStream.Simulation.Brokers;

/// <summary>An object store that sees when an object is deleted that a manifest names.</summary>
internal sealed class WatchedObjects(IObjectStore inner, IManifestStore manifests) : IObjectStore
{
    /// <summary>The first one, kept since whoever deletes may survive exceptions.</summary>
    public ViolationException? Violation { get; private set; }

    public ValueTask<bool> TryCreateAsync(string name, ReadOnlySequence<byte> content, CancellationToken cancellationToken) => inner.TryCreateAsync(name, content, cancellationToken);

    public ValueTask<int> ReadAsync(string name, long position, Memory<byte> destination, CancellationToken cancellationToken) => inner.ReadAsync(name, position, destination, cancellationToken);

    public ValueTask<long> LengthAsync(string name, CancellationToken cancellationToken) => inner.LengthAsync(name, cancellationToken);

    public async ValueTask DeleteAsync(string name, CancellationToken cancellationToken)
    {
        await LookAsync(name);
        await inner.DeleteAsync(name, cancellationToken);
        await LookAsync(name);
    }

    public IAsyncEnumerable<string> ListAsync(string prefix, CancellationToken cancellationToken) => inner.ListAsync(prefix, cancellationToken);

    /// <summary>The objects that must be there, by the manifests as they stand.</summary>
    public static async Task<HashSet<string>> NamedAsync(IManifestStore manifests)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var stored in manifests.ListAsync(CancellationToken.None))
        {
            names.UnionWith(stored.Manifest.Extents.OfType<SegmentExtent>().Select(segment => segment.Name));
            if (stored.Manifest.Snapshot is { } snapshot) names.Add(snapshot.Name);
        }

        return names;
    }

    private async Task LookAsync(string name)
    {
        if ((await NamedAsync(manifests)).Contains(name)) Violation ??= new ViolationException($"'{name}' is deleted, and a manifest names it");
    }
}
