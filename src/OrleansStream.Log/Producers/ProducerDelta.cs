using OrleansStream.Log.Storage;
using OrleansStream.Model.Records;
using RecordReader = OrleansStream.Log.Storage.RecordReader;

namespace OrleansStream.Log.Producers;

/// <summary>
/// What some frames of a partition say of its idempotent producers: of each the last batches, as many as are remembered. Whoever opens the partition then
/// need not read those frames. Frames may be added in any order and more than once: what is kept is the same. Not thread safe.
/// </summary>
public sealed class ProducerDelta
{
    private const int ProducerBytes = 8 + 4 + 4;
    private const int BatchBytes = 8 + 4 + 4 + 8;

    private readonly Dictionary<long, ProducerState> _byId = [];

    /// <summary>How many producers appended.</summary>
    public int Count => _byId.Count;

    /// <summary>Memory that it takes, as an estimate.</summary>
    public int ChargedBytes => 80 + (Count * 240);

    /// <summary>Adds a batch of a verified frame. One without a producer, or the end of a transaction, changes nothing.</summary>
    public void Add(in RecordBatchHeader header)
    {
        if (header.HasProducerId && !header.IsControl)
        {
            StateOf(header.ProducerId).Insert(header.ProducerEpoch, new AppendedBatch(header.BaseOffset, header.BaseSequence, header.LastOffsetDelta, header.MaxTimestamp));
        }
    }

    /// <summary>Adds what other frames of the partition said.</summary>
    public void Add(ProducerDelta other)
    {
        foreach (var theirs in other._byId.Values)
        {
            var ours = StateOf(theirs.Id);
            foreach (ref readonly var batch in theirs.Batches) ours.Insert(theirs.Epoch, batch);
        }
    }

    /// <summary>Writes it; equal ones become equal bytes. docs/formats/blob-container.md has the table.</summary>
    public void Write(RecordWriter writer)
    {
        writer.Int32(Count);
        foreach (var state in _byId.Values.OrderBy(static state => state.Id))
        {
            writer.Int64(state.Id);
            writer.Int32(state.Epoch);
            writer.Int32(state.BatchCount);
            foreach (ref readonly var batch in state.Batches)
            {
                writer.Int64(batch.BaseOffset);
                writer.Int32(batch.BaseSequence);
                writer.Int32(batch.LastDelta);
                writer.Int64(batch.Timestamp);
            }
        }
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="FormatException">The bytes are none.</exception>
    public static ProducerDelta Read(ref RecordReader reader)
    {
        var delta = new ProducerDelta();
        for (var left = reader.Count(ProducerBytes + BatchBytes); left > 0; left--)
        {
            var id = reader.Int64();
            var epoch = reader.Int32();
            if (epoch is < short.MinValue or > short.MaxValue) throw new FormatException($"Producer {id} has epoch {epoch}.");
            var batches = reader.Count(BatchBytes);
            if (batches is < 1 or > ProducerState.WindowBatches) throw new FormatException($"Producer {id} has {batches} batches.");
            var state = delta.StateOf(id);
            if (state.BatchCount > 0) throw new FormatException($"Producer {id} stands in it twice.");
            for (; batches > 0; batches--)
            {
                var batch = new AppendedBatch(reader.Int64(), reader.Int32(), reader.Int32(), reader.Int64());
                if (batch.BaseOffset < 0 || batch.LastDelta < 0) throw new FormatException($"Producer {id} has a batch at offset {batch.BaseOffset} with {batch.LastDelta} more records.");
                state.Insert((short)epoch, batch);
            }
        }

        return delta;
    }

    /// <summary>The producers, the one that appended last at the end.</summary>
    internal IEnumerable<ProducerState> InOrder() => _byId.Values.OrderBy(static state => state.LastBatch.BaseOffset);

    private ProducerState StateOf(long id)
    {
        if (!_byId.TryGetValue(id, out var state)) _byId[id] = state = new ProducerState(id);
        return state;
    }
}
