using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Files.Metadata;

/// <summary>What the journal says now: manifests and session records, kept as the bytes they have on disk, which is a third of what objects would take.</summary>
internal sealed class JournalTable
{
    private readonly Dictionary<PartitionId, JournalEntry> _manifests = [];
    private readonly Dictionary<SessionId, JournalEntry> _sessions = [];

    public long LastVersion { get; private set; }

    public int Count => _manifests.Count + _sessions.Count;

    /// <summary>Bytes of all payloads: what a snapshot will take, but for a few bytes each.</summary>
    public long PayloadBytes { get; private set; }

    public IEnumerable<KeyValuePair<PartitionId, JournalEntry>> Manifests => _manifests;

    public IEnumerable<KeyValuePair<SessionId, JournalEntry>> Sessions => _sessions;

    public JournalEntry? Find(in JournalKey key) =>
        key.Kind == JournalRecordKind.Manifest
            ? _manifests.TryGetValue(key.Partition, out var manifest) ? manifest : null
            : _sessions.TryGetValue(key.Session, out var session) ? session : null;

    public void Set(in JournalKey key, JournalEntry entry)
    {
        PayloadBytes += entry.Payload.Length - (Find(key)?.Payload.Length ?? 0);
        LastVersion = Math.Max(LastVersion, entry.Version);
        if (key.Kind == JournalRecordKind.Manifest) _manifests[key.Partition] = entry;
        else _sessions[key.Session] = entry;
    }

    /// <summary>Takes out a record, unless it has another version by now.</summary>
    public void Remove(in JournalKey key, long version)
    {
        if (Find(key) is not { } entry || entry.Version != version) return;
        PayloadBytes -= entry.Payload.Length;
        if (key.Kind == JournalRecordKind.Manifest) _manifests.Remove(key.Partition);
        else _sessions.Remove(key.Session);
    }

    /// <summary>Raises the version that the next write goes beyond.</summary>
    public void ContinueAfter(long version) => LastVersion = Math.Max(LastVersion, version);

    /// <summary>Everything, for a snapshot: in order of the keys, so that the same state gives the same file.</summary>
    public IEnumerable<(JournalKey Key, JournalEntry Entry)> InOrder() =>
        _sessions.OrderBy(entry => entry.Key.Broker.Value).ThenBy(entry => entry.Key.Unique).Select(entry => (JournalKey.Of(entry.Key), entry.Value))
            .Concat(_manifests.OrderBy(entry => entry.Key).Select(entry => (JournalKey.Of(entry.Key), entry.Value)));

    /// <exception cref="FormatException">The payload is not what its kind says.</exception>
    public static JournalKey KeyOf(JournalRecordKind kind, ReadOnlySpan<byte> payload) => kind switch
    {
        JournalRecordKind.Manifest => JournalKey.Of(ManifestCodec.Read(payload).Partition),
        JournalRecordKind.Session => JournalKey.Of(SessionRecordCodec.Read(payload).Session),
        _ => throw new FormatException($"Record of unknown kind {(byte)kind}."),
    };
}

/// <summary>One record as stored.</summary>
internal readonly record struct JournalEntry(byte[] Payload, long Version);

/// <summary>What a record is about: a partition or a session.</summary>
internal readonly record struct JournalKey(JournalRecordKind Kind, PartitionId Partition, SessionId Session)
{
    public static JournalKey Of(PartitionId partition) => new(JournalRecordKind.Manifest, partition, default);

    public static JournalKey Of(SessionId session) => new(JournalRecordKind.Session, default, session);
}

/// <summary>The numbers stand in stored records and are never reused.</summary>
internal enum JournalRecordKind : byte
{
    Manifest = 1,
    Session = 2,
}
