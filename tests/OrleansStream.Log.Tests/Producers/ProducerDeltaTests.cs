using System.Buffers;
using OrleansStream.Log.Producers;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;
using OrleansStream.Testing.Records;
using RecordReader = OrleansStream.Log.Storage.RecordReader;

namespace OrleansStream.Log.Tests.Producers;

/// <summary>What is gathered of frames in any order is what their replay in order would have found.</summary>
public sealed class ProducerDeltaTests
{
    private const long NowMs = 5_000;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void In_any_order_in_any_parts_and_with_copies_it_is_what_a_replay_finds(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 50; round++)
        {
            var log = LogOf(random);
            var replayed = new ProducerStates(new ProducerOptions());
            foreach (var header in log) replayed.Replay(header, NowMs);

            var parts = Enumerable.Range(0, 1 + random.Next(4)).Select(static _ => new ProducerDelta()).ToArray();
            RecordBatchHeader[] copies = [.. log, .. random.GetItems(log, 20)];
            random.Shuffle(copies);
            foreach (var header in copies) parts[random.Next(parts.Length)].Add(header);

            // A copy that went to another part than its original is there twice, as after a carry.
            var all = new ProducerDelta();
            foreach (var part in parts) all.Add(Stored(part));
            var applied = new ProducerStates(new ProducerOptions());
            applied.Apply(all, new Offset(log[^1].LastOffset + 1), NowMs);

            Assert.Equal(replayed.EncodeSnapshot(), applied.EncodeSnapshot());
        }
    }

    [Fact]
    public void What_is_known_already_is_passed_over_and_what_lies_above_waits()
    {
        var log = Enumerable.Range(0, 12).Select(sequence => Header(1, 0, sequence, sequence)).ToArray();
        var delta = new ProducerDelta();
        foreach (var header in log) delta.Add(header);
        var states = new ProducerStates(new ProducerOptions());
        states.Apply(delta, new Offset(9), NowMs);

        Assert.Equal(new Offset(9), states.CoveredEnd);
        var replayed = new ProducerStates(new ProducerOptions());
        foreach (var header in log[7..9]) replayed.Replay(header, NowMs);
        Assert.Equal(replayed.EncodeSnapshot().Length, states.EncodeSnapshot().Length); // Of the five that it keeps, two lie below.

        states.Apply(delta, new Offset(9), NowMs);
        Assert.Equal(new Offset(9), states.CoveredEnd);
    }

    [Fact]
    public void No_length_in_its_bytes_is_believed()
    {
        var delta = new ProducerDelta();
        foreach (var header in LogOf(new Random(6))) delta.Add(header);
        var bytes = Written(delta);
        for (var length = 0; length < bytes.Length; length++) Assert.Throws<FormatException>(() => Read(bytes[..length]));
        bytes.AsSpan(0, 4).Fill(0x7f);
        Assert.Throws<FormatException>(() => Read(bytes));
    }

    private static RecordBatchHeader[] LogOf(Random random)
    {
        var next = new Dictionary<long, (short Epoch, int Sequence)>();
        var log = new RecordBatchHeader[30 + random.Next(60)];
        var offset = 0L;
        for (var i = 0; i < log.Length; i++)
        {
            var id = random.Next(6);
            var (epoch, sequence) = next.GetValueOrDefault(id);
            if (random.Next(10) == 0) (epoch, sequence) = ((short)(epoch + 1), 0);
            log[i] = id == 0 ? Header(-1, -1, -1, offset) : Header(id, epoch, sequence, offset);
            next[id] = (epoch, sequence + 1);
            offset++;
        }

        return log;
    }

    private static RecordBatchHeader Header(long id, short epoch, int sequence, long offset)
    {
        Assert.True(RecordBatchHeader.TryRead(BatchBuilder.OfProducer(id, epoch, sequence).BaseOffset(offset).Record("x").Build(), out var header));
        return header;
    }

    private static ProducerDelta Stored(ProducerDelta delta) => Read(Written(delta));

    private static byte[] Written(ProducerDelta delta)
    {
        var output = new ArrayBufferWriter<byte>();
        delta.Write(new RecordWriter(output));
        return output.WrittenSpan.ToArray();
    }

    private static ProducerDelta Read(byte[] bytes)
    {
        var reader = new RecordReader(bytes);
        return ProducerDelta.Read(ref reader);
    }
}
