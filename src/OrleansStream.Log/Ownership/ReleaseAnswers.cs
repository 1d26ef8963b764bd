using OrleansStream.Log.Manifests;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Ownership;

/// <summary>
/// What was answered last, so that a request which comes again does not cut the same segments again. An answer holds while its manifest stands: whatever
/// could take one of its segments away, another claim or the sweep (rule D4), changes that first. On top of a newer manifest its segments are to be looked at
/// before they are named. Safe for any number of callers.
/// </summary>
/// <param name="mostBytes">Memory of all of them; the newest is kept whatever it takes.</param>
internal sealed class ReleaseAnswers(long mostBytes = 8 * Limits.MiB)
{
    // As many as may be on their way to claimants at once; a forgotten one costs its segments.
    private const int Most = 1024;

    // An extent with the name of its object, which is some hundred characters; an answer without them.
    private const int BytesOfExtent = 384;
    private const int BytesOfAnswer = 1024;

    private readonly Lock _lock = new();
    private readonly Dictionary<PartitionId, LinkedListNode<Answer>> _answers = [];
    private readonly LinkedList<Answer> _byAge = [];
    private long _bytes;

    /// <summary>Partitions of which an answer is known.</summary>
    public int Count
    {
        get
        {
            lock (_lock) return _byAge.Count;
        }
    }

    /// <summary>What was answered on this very manifest; null if nothing was.</summary>
    public ReleaseAnswer? Find(StoredManifest stored, SessionId owner) =>
        Find(stored.Manifest.Partition, owner) is { } log && log.Stored.ETag == stored.ETag ? new ReleaseAnswer(ReleaseVerdict.Released, log) : null;

    /// <summary>What was answered on whatever manifest; null if nothing was.</summary>
    public ReleasedLog? Find(PartitionId partition, SessionId owner)
    {
        lock (_lock) return _answers.TryGetValue(partition, out var known) && known.Value.Owner == owner ? known.Value.Log : null;
    }

    /// <summary>How often the partition was cut for what is known of it.</summary>
    public int CutsOf(PartitionId partition, SessionId owner)
    {
        lock (_lock) return _answers.TryGetValue(partition, out var known) && known.Value.Owner == owner ? known.Value.Cuts : 0;
    }

    public ReleaseAnswer Add(SessionId owner, ReleasedLog log, int cuts = 0)
    {
        var answer = new Answer(owner, log, cuts);
        lock (_lock)
        {
            if (_answers.TryGetValue(answer.Partition, out var old)) Forget(old);
            _answers[answer.Partition] = _byAge.AddLast(answer);
            _bytes += answer.Bytes;
            while (_byAge.Count > 1 && (_byAge.Count > Most || _bytes > mostBytes)) Forget(_byAge.First!);
        }

        return new ReleaseAnswer(ReleaseVerdict.Released, log);
    }

    /// <summary>Gives out what is known of the partition, and forgets it; null if nothing is, or of another session.</summary>
    public ReleasedLog? Take(PartitionId partition, SessionId owner)
    {
        lock (_lock)
        {
            if (!_answers.TryGetValue(partition, out var known) || known.Value.Owner != owner) return null;
            Forget(known);
            return known.Value.Log;
        }
    }

    private void Forget(LinkedListNode<Answer> node)
    {
        _byAge.Remove(node);
        _answers.Remove(node.Value.Partition);
        _bytes -= node.Value.Bytes;
    }

    private sealed record Answer(SessionId Owner, ReleasedLog Log, int Cuts)
    {
        public PartitionId Partition => Log.Stored.Manifest.Partition;

        // The extents of the manifest are among those of the answer, as the same objects.
        public long Bytes => BytesOfAnswer + ((long)BytesOfExtent * (Log.Extents.Length + Log.Stored.Manifest.Epochs.Length));
    }
}
