using OrleansStream.Log.Manifests;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Ownership;

/// <summary>
/// What was answered last, so that a request which comes again does not cut the same segments again. An answer holds while its manifest stands: whatever
/// could take one of its segments away, another claim or the sweep (rule D4), changes that first. Safe for any number of callers.
/// </summary>
internal sealed class ReleaseAnswers
{
    // As many as may be on their way to claimants at once; a forgotten one costs its segments.
    private const int Most = 1024;

    private readonly Lock _lock = new();
    private readonly Dictionary<PartitionId, (SessionId Owner, ReleasedLog Log)> _answers = [];
    private readonly Queue<PartitionId> _order = new();

    public ReleaseAnswer? Find(StoredManifest stored, SessionId owner)
    {
        lock (_lock)
        {
            return _answers.TryGetValue(stored.Manifest.Partition, out var known) && known.Owner == owner && known.Log.Stored.ETag == stored.ETag
                ? new ReleaseAnswer(ReleaseVerdict.Released, known.Log)
                : null;
        }
    }

    public ReleaseAnswer Add(SessionId owner, ReleasedLog log)
    {
        lock (_lock)
        {
            if (!_answers.ContainsKey(log.Stored.Manifest.Partition)) _order.Enqueue(log.Stored.Manifest.Partition);
            _answers[log.Stored.Manifest.Partition] = (owner, log);
            while (_answers.Count > Most) _answers.Remove(_order.Dequeue());
        }

        return new ReleaseAnswer(ReleaseVerdict.Released, log);
    }
}
