using System.Buffers;
using System.Runtime.CompilerServices;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Files.Metadata;

/// <summary>The session records of a metadata journal.</summary>
internal sealed class JournalSessionStore(MetadataJournal journal) : ISessionStore
{
    public ValueTask<StoredSession?> GetAsync(SessionId session, CancellationToken cancellationToken) =>
        new(journal.Find(JournalKey.Of(session)) is { } entry ? Decode(entry.Payload, entry.Version) : null);

    public async ValueTask<bool> CompareAndSetAsync(SessionRecord next, ETag? expected, CancellationToken cancellationToken)
    {
        var output = new ArrayBufferWriter<byte>(64);
        SessionRecordCodec.Write(next, output);
        var write = new JournalWrite(JournalKey.Of(next.Session), output.WrittenSpan.ToArray(), JournalETag.VersionOf(expected));
        var outcome = await journal.WriteAsync(write, cancellationToken);
        return outcome.Result switch
        {
            JournalResult.Written => true,
            JournalResult.Conflict => false,
            // This port knows no third answer: what a record says decides what is deleted, so nobody may go on in doubt.
            _ => throw new LogException($"Whether the record of session {next.Session} was written is unknown: the metadata journal failed."),
        };
    }

    public async IAsyncEnumerable<StoredSession> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var payloads = journal.Payloads(JournalRecordKind.Session, out var versions);
        for (var i = 0; i < payloads.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return Decode(payloads[i], versions[i]);
        }

        await ValueTask.CompletedTask;
    }

    private static StoredSession Decode(byte[] payload, long version) => new(SessionRecordCodec.Read(payload), JournalETag.Of(version));
}
