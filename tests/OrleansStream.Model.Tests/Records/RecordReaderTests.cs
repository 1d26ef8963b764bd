using System.Text;
using CsCheck;
using OrleansStream.Model.Records;
using OrleansStream.Testing.Records;

namespace OrleansStream.Model.Tests.Records;

public sealed class RecordReaderTests
{
    [Fact]
    public void Records_are_read_as_they_were_written()
    {
        var batch = new BatchBuilder().Record("k", "v", ("a", "1"), ("b", null), ("", "")).At(BatchBuilder.DefaultTimestamp - 3).Record(null, null).Record("", "").Build();
        var reader = new RecordReader(batch.AsSpan(RecordBatchLayout.Records));

        Assert.True(reader.TryRead(out var first));
        Assert.Equal((0, 0L, "k", "v", 3), (first.OffsetDelta, first.TimestampDelta, Text(first.Key), Text(first.Value), first.HeaderCount));
        Assert.Equal("a=1 b=null =", HeadersOf(first));
        Assert.True(reader.TryRead(out var second));
        Assert.Equal((1, -3L, false, false), (second.OffsetDelta, second.TimestampDelta, second.HasKey, second.HasValue));
        Assert.True(reader.TryRead(out var third));
        Assert.Equal((true, true, 0, 0), (third.HasKey, third.HasValue, third.Key.Length, third.Value.Length));
        Assert.False(reader.TryRead(out _));
        Assert.True(reader.IsAtEnd);
    }

    [Fact]
    public void A_cut_record_is_not_read_and_its_position_is_named()
    {
        var records = new BatchBuilder().Record("k", "v", ("h", "x")).Record("key", "value", ("h", "x")).Build()[RecordBatchLayout.Records..];
        var whole = new RecordReader(records);
        Assert.True(whole.TryRead(out _));
        for (var length = whole.Position + 1; length < records.Length; length++)
        {
            var reader = new RecordReader(records.AsSpan(0, length));
            Assert.True(reader.TryRead(out _));
            Assert.False(reader.TryRead(out _));
            Assert.Equal((whole.Position, false), (reader.Position, reader.IsAtEnd));
        }
    }

    [Fact]
    public void Any_bytes_at_all_are_walked_without_an_exception_and_within_bounds() =>
        Gen.Byte.Array[0, 60].Sample(
            bytes =>
            {
                var reader = new RecordReader(bytes);
                while (reader.TryRead(out var record)) HeadersOf(record);
                var headers = new RecordHeaderReader(bytes);
                while (headers.TryRead(out _, out _, out _)) { }
                return reader.Position <= bytes.Length;
            },
            seed: "0000KVVcEEcx",
            iter: 20_000);

    // The validator has a loop of its own for speed; what it accepts, the reader must be able to read.
    [Fact]
    public void What_the_validator_accepts_the_reader_reads_to_the_end()
    {
        var sound = new BatchBuilder().Record("k", "v", ("h", "x")).Record("key", "value").Build();
        var random = new Random(7);
        var accepted = 0;
        for (var i = 0; i < 50_000; i++)
        {
            var batch = (byte[])sound.Clone();
            batch[random.Next(RecordBatchLayout.Records, batch.Length)] = (byte)random.Next(256);
            batch[random.Next(RecordBatchLayout.Records, batch.Length)] ^= (byte)(1 << random.Next(8));
            if (!BatchValidator.Validate(BatchBuilder.Seal(batch), new BatchRules { NowMs = BatchBuilder.DefaultTimestamp }).IsAccepted) continue;

            accepted++;
            var reader = new RecordReader(batch.AsSpan(RecordBatchLayout.Records));
            Assert.True(reader.TryRead(out _) && reader.TryRead(out _) && reader.IsAtEnd);
        }

        Assert.InRange(accepted, 100, 49_900);
    }

    [Fact]
    public void Every_length_of_integer_survives_the_way_there_and_back()
    {
        var buffer = new byte[Varint.MaxBytes64];
        for (var bits = 0; bits < 64; bits++)
        {
            foreach (var value in new[] { 1L << bits, (1L << bits) - 1, -(1L << bits) })
            {
                nint at = 0;
                var length = Varint.Write(buffer, value);
                Assert.Equal((value, length, length), (Varint.ReadInt64(ref buffer[0], ref at, buffer.Length), (int)at, Varint.LengthOf(value)));
                if (value != (int)value) continue;

                at = 0;
                Assert.Equal((value, length), (Varint.ReadInt32(ref buffer[0], ref at, length), (int)at));
                at = 0;
                Varint.ReadInt32(ref buffer[0], ref at, length - 1);
                Assert.Equal(length, (int)at);
            }
        }
    }

    [Fact]
    public void An_integer_that_never_ends_is_damage()
    {
        var endless = Enumerable.Repeat((byte)0x80, 20).ToArray();
        nint at = 0;
        Varint.ReadInt32(ref endless[0], ref at, endless.Length);
        Assert.True(at > endless.Length);
        at = 0;
        Varint.ReadInt64(ref endless[0], ref at, endless.Length);
        Assert.True(at > endless.Length);
    }

    private static string HeadersOf(RecordView record)
    {
        var all = new List<string>();
        var headers = record.Headers;
        while (headers.TryRead(out var key, out var value, out var hasValue)) all.Add($"{Text(key)}={(hasValue ? Text(value) : "null")}");
        Assert.Equal(record.HeaderCount, all.Count);
        return string.Join(' ', all);
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);
}
