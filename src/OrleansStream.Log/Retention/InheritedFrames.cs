using OrleansStream.Log.Manifests;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Retention;

/// <summary>What open partitions inherited from dead sessions and still name, and since when this broker has it: how old it is nobody else can tell. Used by one task.</summary>
/// <param name="handles">The open partitions.</param>
/// <param name="time">The clock.</param>
internal sealed class InheritedFrames(HandleTable handles, TimeProvider time)
{
    private readonly Dictionary<PartitionId, Inherited> _known = [];
    private long _bytes;

    /// <summary>Bytes of all of it, as of the last look.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Looks at every open partition. What was inherited before keeps the time at which it was first seen.</summary>
    public IReadOnlyDictionary<PartitionId, Inherited> Look()
    {
        long bytes = 0;
        foreach (var handle in handles.All)
        {
            var manifest = handle.Manifest;
            if (!_known.TryGetValue(handle.Id, out var known) || !ReferenceEquals(known.Manifest, manifest)) known = Read(handle.Id, manifest, known);
            bytes += known.Bytes;
        }

        foreach (var partition in _known.Keys.Where(partition => !handles.TryGet(partition, out _)).ToList()) _known.Remove(partition);
        Interlocked.Exchange(ref _bytes, bytes);
        return _known;
    }

    // Only where the manifest is another one than at the last look: ten thousand partitions must not cost a walk over their extents each time.
    private Inherited Read(PartitionId partition, Manifest manifest, Inherited before)
    {
        long bytes = 0;
        foreach (var extent in manifest.Extents)
        {
            if (extent is WalExtent) bytes += extent.Bytes;
        }

        return _known[partition] = new Inherited(manifest, bytes, before.Bytes > 0 ? before.Since : time.GetTimestamp());
    }
}

/// <summary>What a partition inherited.</summary>
/// <param name="Manifest">That names it.</param>
/// <param name="Bytes">Of its frames; 0: nothing.</param>
/// <param name="Since">When this broker first saw any of it.</param>
internal readonly record struct Inherited(Manifest Manifest, long Bytes, long Since);
