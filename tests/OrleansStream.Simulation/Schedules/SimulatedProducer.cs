using OrleansStream.Log.Serving;
using OrleansStream.Model.Errors;
using OrleansStream.Testing.Records;

namespace OrleansStream.Simulation.Schedules;

/// <summary>
/// An idempotent producer of one partition. It sends a batch until that is acknowledged, sometimes once more, and sometimes one that skips a sequence; over
/// restarts the log must give each batch one place, and must never take what skips.
/// </summary>
internal sealed class SimulatedProducer(ExpectedLog log, long id)
{
    private int _next;
    private int _openRecords;
    private byte[]? _open;
    private byte[]? _last;
    private byte[]? _skipping;

    public ExpectedLog Log => log;

    public long Id => id;

    /// <summary>What it sends now.</summary>
    public byte[] Send(Random chance, string text)
    {
        if (_open is not null) return _open;
        var what = _last is null ? -1 : chance.Next(6);
        if (what == 0) return _last!;
        if (what == 1) return _skipping = BatchBuilder.OfProducer(id, 0, _next + 1 + chance.Next(3)).Record(text).Build();

        _openRecords = 1 + chance.Next(3);
        var batch = BatchBuilder.OfProducer(id, 0, _next);
        for (var i = 0; i < _openRecords; i++) batch.Record($"{text}-{i}");
        _open = batch.Build();
        log.Send(_open);
        return _open;
    }

    public void OnAnswer(byte[] batch, in AppendOutcome outcome)
    {
        if (batch == _skipping)
        {
            if (outcome.Error == ErrorCode.None) throw new ViolationException($"{log.Partition}: a batch of producer {id} that skips a sequence was taken");
            return;
        }

        // Other errors leave it open whether the batch stands, so it is sent again.
        if (outcome.Error == ErrorCode.OutOfOrderSequenceNumber) throw new ViolationException($"{log.Partition}: {outcome.Message} It is the next one, or the last one again.");
        if (outcome.Error != ErrorCode.None) return;
        log.Acknowledge(batch, outcome.BaseOffset, isOrdered: false);
        if (batch != _open) return;
        _next += _openRecords;
        _last = _open;
        _open = null;
    }
}
