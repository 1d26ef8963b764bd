using System.Globalization;
using System.Runtime.CompilerServices;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Testing.Storage;

/// <summary>Manifests in memory, with the outcomes that a remote store may have.</summary>
public sealed class MemoryManifestStore : IManifestStore
{
    private readonly Dictionary<PartitionId, StoredManifest> _manifests = [];
    private int _version;

    /// <summary>Asked before each write, with its number from 1: what to do instead of just writing.</summary>
    public Func<int, WriteFault>? Fault { get; set; }

    /// <summary>Runs before each write, outside any lock: what another writer does meanwhile.</summary>
    public Action<int>? BeforeWrite { get; set; }

    /// <summary>Writes that were tried.</summary>
    public int Writes { get; private set; }

    public ValueTask<StoredManifest?> GetAsync(PartitionId partition, CancellationToken cancellationToken)
    {
        lock (_manifests) return new(_manifests.GetValueOrDefault(partition));
    }

    public ValueTask<ManifestWrite> CompareAndSetAsync(Manifest next, ETag? expected, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var write = ++Writes;
        BeforeWrite?.Invoke(write);
        var fault = Fault?.Invoke(write) ?? WriteFault.None;
        if (fault == WriteFault.LostUnseen) return new(new ManifestWrite(ManifestOutcome.Unknown, default));

        lock (_manifests)
        {
            if (_manifests.GetValueOrDefault(next.Partition)?.ETag != expected) return new(new ManifestWrite(ManifestOutcome.Conflict, default));
            var stored = Put(next);
            return new(fault == WriteFault.WrittenUnseen ? new ManifestWrite(ManifestOutcome.Unknown, default) : new ManifestWrite(ManifestOutcome.Written, stored.ETag));
        }
    }

    public async IAsyncEnumerable<StoredManifest> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        StoredManifest[] all;
        lock (_manifests) all = [.. _manifests.Values];
        foreach (var stored in all)
        {
            await ValueTask.CompletedTask;
            yield return stored;
        }
    }

    /// <summary>Writes whatever stands there, as another writer does.</summary>
    public StoredManifest Put(Manifest manifest)
    {
        lock (_manifests) return _manifests[manifest.Partition] = new StoredManifest(manifest, new ETag((++_version).ToString(CultureInfo.InvariantCulture)));
    }
}

/// <summary>What may become of a write whose outcome is not seen.</summary>
public enum WriteFault
{
    None,

    /// <summary>It stands, but the caller does not hear of it.</summary>
    WrittenUnseen,

    /// <summary>It does not stand, and the caller does not hear of it.</summary>
    LostUnseen,
}
