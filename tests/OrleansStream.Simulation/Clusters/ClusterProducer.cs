using OrleansStream.Log.Serving;
using OrleansStream.Model.Errors;
using OrleansStream.Simulation.Schedules;
using OrleansStream.Testing.Records;

namespace OrleansStream.Simulation.Clusters;

/// <summary>
/// An idempotent producer of one partition. It sends a batch, to whichever broker it takes for the leader, until that is acknowledged, sometimes once more,
/// and sometimes one that skips a sequence: each batch must get one place, and none that skips may get any.
/// </summary>
internal sealed class ClusterProducer(ClusterLog log, long id)
{
    private int _next;
    private int _openRecords;
    private byte[]? _open;
    private byte[]? _last;
    private readonly HashSet<byte[]> _skipping = [];

    public ClusterLog Log => log;

    public long Id => id;

    /// <summary>What it sends now.</summary>
    public byte[] Send(Random chance, string text)
    {
        if (_open is not null) return _open;
        var what = _last is null ? -1 : chance.Next(8);
        if (what == 0) return _last!;
        if (what == 1)
        {
            // Far ahead: it may come late, when what it skips has come.
            var skipping = BatchBuilder.OfProducer(id, 0, _next + 10_000).Record(text).Build();
            _skipping.Add(skipping);
            return skipping;
        }

        _openRecords = 1 + chance.Next(3);
        var batch = BatchBuilder.OfProducer(id, 0, _next);
        for (var i = 0; i < _openRecords; i++) batch.Record($"{text}-{i}");
        _open = batch.Build();
        log.Send(_open);
        return _open;
    }

    /// <summary>An answer came; maybe one to what was sent long ago, to another broker.</summary>
    /// <param name="batch">As it was sent.</param>
    /// <param name="outcome">What the broker said.</param>
    /// <param name="isNewest">Whether no later owner than the one that answers has claimed the partition: one that has lost it knows less.</param>
    public void OnAnswer(byte[] batch, in AppendOutcome outcome, bool isNewest)
    {
        if (_skipping.Contains(batch))
        {
            if (outcome.Error == ErrorCode.None) throw new ViolationException($"{log.Partition}: a batch of producer {id} that skips a sequence was taken");
            return;
        }

        // Other errors leave it open whether the batch stands, so it is sent again.
        if (outcome.Error == ErrorCode.OutOfOrderSequenceNumber && isNewest && (batch == _open || batch == _last)) throw new ViolationException($"{log.Partition}: {outcome.Message} It is the next one, or the last one again.");
        if (outcome.Error != ErrorCode.None || batch != _open) return;
        _next += _openRecords;
        _last = _open;
        _open = null;
    }
}
