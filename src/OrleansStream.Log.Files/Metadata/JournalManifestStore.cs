using System.Buffers;
using System.Globalization;
using System.Runtime.CompilerServices;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Files.Metadata;

/// <summary>The manifests of a metadata journal.</summary>
internal sealed class JournalManifestStore(MetadataJournal journal) : IManifestStore
{
    public ValueTask<StoredManifest?> GetAsync(PartitionId partition, CancellationToken cancellationToken) =>
        new(journal.Find(JournalKey.Of(partition)) is { } entry ? Decode(entry.Payload, entry.Version) : null);

    public async ValueTask<ManifestWrite> CompareAndSetAsync(Manifest next, ETag? expected, CancellationToken cancellationToken)
    {
        var output = new ArrayBufferWriter<byte>(256);
        ManifestCodec.Write(next, output);
        var write = new JournalWrite(JournalKey.Of(next.Partition), output.WrittenSpan.ToArray(), JournalETag.VersionOf(expected));
        var outcome = await journal.WriteAsync(write, cancellationToken);
        return outcome.Result switch
        {
            JournalResult.Written => new ManifestWrite(ManifestOutcome.Written, JournalETag.Of(outcome.Version)),
            JournalResult.Conflict => new ManifestWrite(ManifestOutcome.Conflict, default),
            _ => new ManifestWrite(ManifestOutcome.Unknown, default),
        };
    }

    public async IAsyncEnumerable<StoredManifest> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var payloads = journal.Payloads(JournalRecordKind.Manifest, out var versions);
        for (var i = 0; i < payloads.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return Decode(payloads[i], versions[i]);
        }

        await ValueTask.CompletedTask;
    }

    private static StoredManifest Decode(byte[] payload, long version) => new(ManifestCodec.Read(payload), JournalETag.Of(version));
}

/// <summary>A record's version as an ETag: its number as text.</summary>
internal static class JournalETag
{
    public static ETag Of(long version) => new(version.ToString(CultureInfo.InvariantCulture));

    public static long? VersionOf(ETag? etag) => etag is { } given ? long.Parse(given.Value, NumberStyles.None, CultureInfo.InvariantCulture) : null;
}
