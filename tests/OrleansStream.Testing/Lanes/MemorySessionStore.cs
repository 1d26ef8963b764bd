using System.Globalization;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Testing.Lanes;

/// <summary>Session records in memory.</summary>
public sealed class MemorySessionStore : ISessionStore
{
    private readonly Dictionary<SessionId, StoredSession> _records = [];
    private int _version;

    public ValueTask<StoredSession?> GetAsync(SessionId session, CancellationToken cancellationToken)
    {
        lock (_records) return ValueTask.FromResult(_records.GetValueOrDefault(session));
    }

    public ValueTask<bool> CompareAndSetAsync(SessionRecord next, ETag? expected, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_records)
        {
            if (_records.GetValueOrDefault(next.Session)?.ETag != expected) return ValueTask.FromResult(false);

            _records[next.Session] = new StoredSession(next, new ETag((++_version).ToString(CultureInfo.InvariantCulture)));
            return ValueTask.FromResult(true);
        }
    }

    public async IAsyncEnumerable<StoredSession> ListAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        StoredSession[] all;
        lock (_records) all = [.. _records.Values];
        foreach (var record in all)
        {
            await ValueTask.CompletedTask;
            yield return record;
        }
    }
}
