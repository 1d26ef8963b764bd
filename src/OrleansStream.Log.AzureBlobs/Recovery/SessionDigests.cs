using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.AzureBlobs.Records;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Recovery;

/// <summary>The digests of a session, as its writer left them. A session has one for each few hundred blocks, and lists of them are short.</summary>
internal sealed class SessionDigests(IBlobContainer container, int clusterGeneration)
{
    /// <summary>A writer leaves a digest out that would be larger.</summary>
    public const int MaxBytes = 16 * 1024 * 1024;

    private readonly RecordBlobs _digests = new(container, new RecordEnvelope(RecordKind.Digest, clusterGeneration, MaxBytes));

    public RecordBlobs Blobs => _digests;

    /// <summary>
    /// Which slots have a digest, in their order, from the given slot on. That one stands is enough to know that its writer published all slots below its end,
    /// so that they hold the writer's own blocks.
    /// </summary>
    /// <exception cref="StorageException">Storage failed; call again.</exception>
    public async ValueTask<IReadOnlyList<(Slot First, Slot End)>> ListAsync(SessionId session, Slot from, CancellationToken cancellationToken)
    {
        var prefix = BlobNames.DigestsOf(session);
        var found = new List<(Slot First, Slot End)>();
        await foreach (var blob in container.ListAsync(prefix, cancellationToken))
        {
            if (BlobNames.TryParseDigest(blob.Name, prefix, out var first, out var end) && first >= from) found.Add((first, end));
        }

        return found;
    }

    /// <summary>Reads one; null if it is gone, or does not verify: then the blocks say what it would.</summary>
    /// <exception cref="StorageException">Storage failed; call again.</exception>
    public async Task<SlotDigest?> ReadAsync(SessionId session, Slot first, Slot end, CancellationToken cancellationToken)
    {
        try
        {
            var digest = await _digests.GetAsync(BlobNames.DigestOf(session, first, end), static (record, _) => SlotDigestCodec.Read(record), cancellationToken);
            return digest is not null && digest.Session == session && digest.First == first && digest.End == end ? digest : null;
        }
        catch (LogException unreadable) when (unreadable is not StorageException)
        {
            return null;
        }
    }
}
