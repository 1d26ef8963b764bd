using OrleansStream.Log.Journals;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Producers;
using OrleansStream.Log.Storage;
using OrleansStream.Model;

namespace OrleansStream.Log.Retention;

/// <summary>Reads a snapshot that a manifest names, for verification: whether it can be decoded and is the one that is named.</summary>
public static class SnapshotCheck
{
    // As for those who load one.
    private const int MaxProducerBytes = 64 * Limits.MiB;

    /// <summary>What is wrong with it; null if nothing is.</summary>
    /// <param name="objects">Where it stands.</param>
    /// <param name="snapshot">As the manifest names it.</param>
    /// <param name="cancellationToken">Ends the reads.</param>
    public static async ValueTask<string?> FindFaultAsync(IObjectStore objects, SnapshotReference snapshot, CancellationToken cancellationToken)
    {
        var start = new byte[sizeof(uint)];
        var read = await objects.ReadAsync(snapshot.Name, 0, start, cancellationToken);
        if (read < 0) return "it is missing";
        return ProducerSnapshot.IsOne(start.AsSpan(0, read)) ? await FindProducerFaultAsync(objects, snapshot, cancellationToken) : await FindJournalFaultAsync(objects, snapshot, cancellationToken);
    }

    private static async ValueTask<string?> FindProducerFaultAsync(IObjectStore objects, SnapshotReference snapshot, CancellationToken cancellationToken)
    {
        var length = await objects.LengthAsync(snapshot.Name, cancellationToken);
        if (length is < 0 or > MaxProducerBytes) return $"it has {length} bytes; at most {MaxProducerBytes} are read";

        var content = new byte[length];
        if (await objects.ReadAsync(snapshot.Name, 0, content, cancellationToken) != length) return "it cannot be read to its end";
        var states = new ProducerStates(new ProducerOptions());
        if (!states.TryApply(content, out var fault)) return fault ?? "it cannot be decoded";
        return states.CoveredEnd == snapshot.CoversTo ? null : $"it covers up to offset {states.CoveredEnd}, the manifest says {snapshot.CoversTo}";
    }

    private static async ValueTask<string?> FindJournalFaultAsync(IObjectStore objects, SnapshotReference snapshot, CancellationToken cancellationToken)
    {
        try
        {
            await JournalSnapshot.ReadAsync(objects, snapshot.Name, snapshot.CoversTo, cancellationToken);
            return null;
        }
        catch (LogException error) when (error is not (DiskException or StorageException))
        {
            return error.Message.TrimEnd('.');
        }
    }
}
