using System.Buffers.Binary;
using CsCheck;
using OrleansStream.Log.Producers;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;

namespace OrleansStream.Log.Tests.Producers;

public sealed class ProducerSnapshotTests
{
    private const long Now = 1_700_000_000_000;

    private static readonly ProducerOptions Options = new() { MaxPerPartition = 40 };

    // Written by hand from docs/formats/producer-snapshot.md: whoever changes these bytes changes the format.
    [Fact]
    public void The_bytes_are_those_of_the_format_page()
    {
        var states = new ProducerStates(Options);
        states.Append(Batches.Header(id: 0x1122, epoch: 3, sequence: 9, records: 2), new Offset(0x40), timestampMs: 0x55, nowMs: 0x66);

        var body = Convert.FromHexString(
            "4F535053" + "0100" + "0000" + "0000000000000000" + "4200000000000000" + "01000000" + "00000000"
            + "2211000000000000" + "6600000000000000" + "0300" + "01" + "0000000000"
            + "4000000000000000" + "5500000000000000" + "09000000" + "01000000");
        var checksum = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(checksum, Crc32C.Hash(body));
        Assert.Equal([.. body, .. checksum], states.EncodeSnapshot());
    }

    [Fact]
    public void An_empty_state_has_a_snapshot_too()
    {
        var states = new ProducerStates(Options);
        Assert.True(states.TryApply(new ProducerStates(Options).EncodeSnapshot(), out _));
        Assert.Equal((0, Offset.Zero), (states.Count, states.CoveredEnd));
    }

    // Random logs, cut at random places into snapshot, deltas and a tail to replay: whatever the cuts, the next owner knows what the last one knew.
    [Fact]
    public void Snapshot_deltas_and_replay_give_the_state_that_was_lost() =>
        Gen.Select(Gen.Int[0, 1_000_000], Gen.Int[1, 120]).Sample(
            (seed, length) =>
            {
                var random = new Random(seed);
                var log = WriteLog(random, length);
                var original = new ProducerStates(Options);
                foreach (var header in log) original.Replay(header, Now);

                var cuts = Enumerable.Range(0, 3).Select(_ => random.Next(length + 1)).Order().ToArray();
                var rebuilt = new ProducerStates(Options);
                Assert.True(rebuilt.TryApply(StateAfter(log, cuts[0]).EncodeSnapshot(), out _));
                foreach (var (start, end) in new[] { (cuts[0], cuts[1]), (cuts[1], cuts[2]) })
                {
                    var delta = random.Next(2) == 0 ? StateAfter(log, end).EncodeDelta(rebuilt.CoveredEnd) : DeltaOfRangeAlone(log, start, end);
                    Assert.True(rebuilt.TryApply(delta, out var fault), fault);
                }

                foreach (var header in log.Skip(random.Next(cuts[2] + 1))) rebuilt.Replay(header, Now);
                Assert.Equal(original.EncodeSnapshot(), rebuilt.EncodeSnapshot());
            },
            seed: "0000KVVcEEcx",
            iter: 300);

    [Fact]
    public void A_delta_that_does_not_follow_is_refused_and_changes_nothing()
    {
        var states = StateAfter(WriteLog(new Random(1), 10), 10);
        var behind = new ProducerStates(Options);
        Assert.False(behind.TryApply(states.EncodeDelta(new Offset(1)), out var fault));
        Assert.NotNull(fault);
        Assert.Equal((0, Offset.Zero), (behind.Count, behind.CoveredEnd));
    }

    [Fact]
    public void Every_prefix_and_every_flipped_bit_is_refused_and_changes_nothing()
    {
        var encoded = StateAfter(WriteLog(new Random(2), 12), 12).EncodeSnapshot();
        var states = new ProducerStates(Options);
        for (var length = 0; length < encoded.Length; length++) Refused(states, encoded[..length]);
        for (var bit = 0; bit < 8 * encoded.Length; bit++)
        {
            var flipped = (byte[])encoded.Clone();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            Refused(states, flipped);
        }

        Refused(states, [.. encoded, 0]);
        Assert.Equal((0, Offset.Zero), (states.Count, states.CoveredEnd));
        Assert.True(states.TryApply(encoded, out _));
    }

    // The checksum finds chance, not a broker that writes nonsense: with it made right, any byte may still come, and must do no harm.
    [Fact]
    public void Nonsense_under_a_right_checksum_never_throws()
    {
        var encoded = StateAfter(WriteLog(new Random(3), 12), 12).EncodeSnapshot();
        var refused = 0;
        for (var at = 0; at < encoded.Length - 4; at++)
        {
            foreach (var value in new byte[] { 0, 1, 6, 0x7F, 0x80, 0xFF })
            {
                var damaged = (byte[])encoded.Clone();
                damaged[at] = value;
                BinaryPrimitives.WriteUInt32LittleEndian(damaged.AsSpan(damaged.Length - 4), Crc32C.Hash(damaged.AsSpan(0, damaged.Length - 4)));
                if (!new ProducerStates(Options).TryApply(damaged, out _)) refused++;
            }
        }

        Assert.InRange(refused, 100, 6 * encoded.Length);
    }

    [Fact]
    public void A_newer_version_is_named()
    {
        var encoded = new ProducerStates(Options).EncodeSnapshot();
        encoded[4] = 2;
        BinaryPrimitives.WriteUInt32LittleEndian(encoded.AsSpan(encoded.Length - 4), Crc32C.Hash(encoded.AsSpan(0, encoded.Length - 4)));
        Assert.False(new ProducerStates(Options).TryApply(encoded, out var fault));
        Assert.Equal("The producer snapshot has version 2; this broker reads version 1.", fault);
    }

    [Fact]
    public void Control_batches_move_the_end_and_leave_the_producer_as_it_was()
    {
        var states = new ProducerStates(Options);
        states.Replay(Batches.Header(sequence: 0), Now);
        states.Replay(Batches.Header(sequence: -1, baseOffset: 1, control: true), Now);
        Assert.Equal(new Offset(2), states.CoveredEnd);
        Assert.Equal(ProducerDecision.Duplicate, states.Check(Batches.Header(sequence: 0), Now).Decision);
    }

    // Whoever was driven out and came back may be known better after a rebuild, never worse; who is known at all does not depend on the way.
    [Fact]
    public void A_full_state_is_rebuilt_with_the_same_producers()
    {
        var few = new ProducerOptions { MaxPerPartition = 4 };
        var log = WriteLog(new Random(5), 100);
        var original = new ProducerStates(few);
        foreach (var header in log) original.Replay(header, Now);

        var rebuilt = new ProducerStates(few);
        Assert.True(rebuilt.TryApply(StateAfter(log, 100).EncodeSnapshot(), out _));

        Assert.Equal(4, original.Count);
        foreach (var id in log.Select(header => header.ProducerId).Where(id => id >= 0).Distinct())
        {
            var last = log.Last(header => header.ProducerId == id);
            Assert.Equal(original.Check(last, Now).Decision, rebuilt.Check(last, Now).Decision);
        }
    }

    // Thirty producers; now and then a new epoch, a batch without a producer, a gap in the offsets.
    private static List<RecordBatchHeader> WriteLog(Random random, int length)
    {
        var next = new Dictionary<long, (short Epoch, int Sequence)>();
        var log = new List<RecordBatchHeader>();
        for (long offset = 0; log.Count < length;)
        {
            var id = random.Next(-1, random.Next(2) == 0 ? 3 : 30);
            var records = random.Next(1, 4);
            var (epoch, sequence) = next.TryGetValue(id, out var known) ? known : ((short)0, random.Next(2) * (int.MaxValue - 3));
            if (random.Next(8) == 0) (epoch, sequence) = ((short)(epoch + 1), 0);
            log.Add(Batches.Header(id, epoch, id < 0 ? -1 : sequence, records, offset, timestamp: random.Next(1000)));
            next[id] = (epoch, RecordBatchHeader.AddToSequence(sequence, records));
            offset += records + (random.Next(5) == 0 ? 2 : 0);
        }

        return log;
    }

    private static ProducerStates StateAfter(List<RecordBatchHeader> log, int count)
    {
        var states = new ProducerStates(Options);
        foreach (var header in log.Take(count)) states.Replay(header, Now);
        return states;
    }

    // What somebody writes who sees one segment only: windows are short, and must be joined to those that are known.
    private static byte[] DeltaOfRangeAlone(List<RecordBatchHeader> log, int start, int end)
    {
        var states = new ProducerStates(new ProducerOptions());
        foreach (var header in log.Take(end).Skip(start)) states.Replay(header, Now);
        return states.EncodeDelta(start == 0 ? Offset.Zero : new Offset(log[start - 1].LastOffset + 1));
    }

    private static void Refused(ProducerStates states, byte[] encoded)
    {
        Assert.False(states.TryApply(encoded, out var fault));
        Assert.False(string.IsNullOrEmpty(fault));
    }
}
